"""sightline-send and send_frames, against a socket that takes everything down."""

import os
import pty
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.send import Sent, find_images, main, send_frames
from sightline_local.ports import free_port
from tests.unit.bridge.jpegs import jpeg
from tests.unit.bridge.wire import parse

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
RESET = struct.pack("ii", 1, 0)
Handler = Callable[[socket.socket], None]


class Receiver:
    """Takes one connection on a port of its own and keeps what it read."""

    def __init__(self, handler: Handler | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._handler = handler or self._read_all
        self._thread = threading.Thread(target=self._serve)
        self.port = int(self._listener.getsockname()[1])
        self.received = b""
        self._thread.start()

    def frames(self, framing: str = "fixed28") -> list[Frame]:
        self._thread.join()
        return parse(FRAMINGS[framing].parser(10**7), [self.received])

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            self._handler(connection)

    def _read_all(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            self.received += data


@contextmanager
def receiving(handler: Handler | None = None) -> Iterator[Receiver]:
    receiver = Receiver(handler)
    try:
        yield receiver
    finally:
        receiver.close()


def reset_after(count: int) -> Handler:
    def handle(connection: socket.socket) -> None:
        connection.recv(count, socket.MSG_WAITALL)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return handle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    (images / "more").mkdir(parents=True)
    (images / "b.png").write_bytes(PNG + b"b")
    (images / "a.jpg").write_bytes(JPEG + b"a")
    (images / "notes.txt").write_text("no image")
    (images / "empty.jpg").write_bytes(b"")
    (images / "more" / "c-name-that-is-far-too-long-for-a-frame.png").write_bytes(PNG + b"c")
    return images


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["sightline-send", *map(str, arguments)])
    main()


@pytest.mark.parametrize("framing", ["fixed28", "named", "length"])
def test_a_folder_arrives_sorted_and_images_only(
    framing: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as receiver:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder, "--framing", framing)
        frames = receiver.frames(framing)
    assert [frame.payload for frame in frames] == [JPEG + b"a", PNG + b"b", PNG + b"c"]
    if framing != "length":
        assert [frame.name for frame in frames] == ["a.jpg", "b.png", "c-name-that-is-far-too-l.png"]
    shown = capsys.readouterr()
    assert shown.out.startswith("sent 3 frames, 22 bytes in ")
    assert shown.out.endswith(" MB/s\n")
    assert shown.err == ""


def test_a_stream_of_jpegs_takes_jpegs_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as receiver, pytest.raises(SystemExit) as ended:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder / "b.png", "--framing", "jpeg")
    assert ended.value.code == 1
    assert "b.png: it is no JPEG file" in capsys.readouterr().err
    (folder / "b.png").write_bytes(jpeg())
    with receiving() as receiver:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder / "b.png", "--framing", "jpeg", "--repeat", 2)
        assert [frame.payload for frame in receiver.frames("jpeg")] == [jpeg(), jpeg()]


def test_a_file_that_is_named_is_sent_whatever_it_holds(folder: Path) -> None:
    assert find_images([folder / "notes.txt", folder / "b.png"]) == [folder / "notes.txt", folder / "b.png"]


def test_repeat_sends_all_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder, "--repeat", 4)
        frames = receiver.frames()
    assert [frame.name for frame in frames] == [frame.name for frame in frames[:3]] * 4


def test_rate_spreads_the_frames() -> None:
    at: list[float] = []
    with receiving() as receiver:
        images = [("a", b"x")] * 6
        address = ("127.0.0.1", receiver.port)
        send_frames(address, images, FRAMINGS["length"], rate=50, progress=lambda _: at.append(time.monotonic()))
    assert len(at) == 6
    assert at[-1] - at[0] >= 5 / 50 - 0.02


def test_the_summary_counts_frames_and_payload() -> None:
    with receiving() as receiver:
        sent = send_frames(("127.0.0.1", receiver.port), [("a", b"x" * 500), ("b", b"y" * 500)], FRAMINGS["named"])
    assert (sent.frames, sent.payload_bytes) == (2, 1000)
    assert 0 < sent.seconds < 5


def test_it_waits_for_the_bridge_to_close() -> None:
    """The bridge closes after Kafka's acknowledgement, so only then is it true that all was published."""
    released = threading.Event()
    done: list[Sent] = []

    def hold(connection: socket.socket) -> None:
        assert connection.recv(100, socket.MSG_WAITALL) != b""
        released.wait(10)

    with receiving(hold) as receiver:
        address = ("127.0.0.1", receiver.port)
        sending = threading.Thread(target=lambda: done.append(send_frames(address, [("a", b"x")], FRAMINGS["length"])))
        sending.start()
        sending.join(0.2)
        assert sending.is_alive()
        released.set()
        sending.join(10)
    assert [sent.frames for sent in done] == [1]


def test_nobody_listening_is_said_plainly(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, f"127.0.0.1:{port}", folder)
    assert stopped.value.code == 1
    expected = f"sightline-send: cannot connect to 127.0.0.1:{port}: Connection refused; is the bridge running?\n"
    assert capsys.readouterr().err == expected


def test_a_reset_under_way_says_how_many_were_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(reset_after(3 * 40)) as receiver, pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder, "--repeat", 100_000)
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert "ended the connection" in error
    assert error.endswith(" frames went out before, not confirmed)\n")
    assert int(error.rpartition("(")[2].split()[0]) >= 3


def test_a_reset_at_the_end_is_not_taken_for_success() -> None:
    with receiving(reset_after(5)) as receiver, pytest.raises(SendError, match="ended the connection") as caught:
        send_frames(("127.0.0.1", receiver.port), [("a", b"x")], FRAMINGS["length"])
    assert caught.value.sent == 1


def test_a_bridge_that_closes_between_frames_is_noticed_before_the_next_one() -> None:
    closed = threading.Event()

    def close_after_one(connection: socket.socket) -> None:
        connection.recv(5, socket.MSG_WAITALL)
        connection.close()
        closed.set()

    def images() -> Iterator[tuple[str, bytes]]:
        yield "a", b"x"
        assert closed.wait(10)
        yield "b", b"y"

    with receiving(close_after_one) as receiver, pytest.raises(SendError, match="closed the connection") as caught:
        send_frames(("127.0.0.1", receiver.port), images(), FRAMINGS["length"])
    assert caught.value.sent == 1


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_paths_that_give_nothing_to_send_are_named(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    with pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, "127.0.0.1:1", path)
    assert stopped.value.code == 1
    assert str(path) in capsys.readouterr().err


def test_an_empty_file_cannot_be_framed_and_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as receiver, pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, f"127.0.0.1:{receiver.port}", folder / "a.jpg", folder / "empty.jpg")
    assert stopped.value.code == 1
    assert capsys.readouterr().err.startswith("sightline-send: empty.jpg: ")
    assert len(receiver.frames()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere", "x"],
        ["a:0", "x"],
        ["a:99999", "x"],
        ["a:1"],
        ["a:1", "x", "--rate", "0"],
        ["a:1", "x", "--repeat", "0"],
        ["a:1", "x", "--udp", "--ack"],
        ["a:1", "x", "--udp", "--framing", "named"],
        ["a:1", "x", "--ack", "--framing", "fixed28"],
        ["a:1", "x", "--sender-id", "a"],
        ["a:1", "x", "--patience", "3"],
    ],
)
def test_wrong_arguments_exit_with_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, *arguments)
    assert stopped.value.code == 2


def test_a_terminal_sees_progress(folder: Path) -> None:
    ours, theirs = pty.openpty()
    with receiving() as receiver:
        command = [sys.executable, "-m", "sightline_bridge.send", f"127.0.0.1:{receiver.port}", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "3/3 frames" in shown
    assert done.stdout.startswith(b"sent 3 frames")
