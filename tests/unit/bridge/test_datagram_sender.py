"""send_datagrams and `sightline-send --udp`, against a plain socket."""

import errno
import os
import socket
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path

import pytest

from sightline_bridge.datagram.sender import Clock, DatagramOptions, Pace, send_datagrams
from sightline_bridge.errors import SendError
from sightline_bridge.framing import Frame
from sightline_bridge.send import main
from tests.unit.bridge.datagrams import KIB, Receiver
from tests.unit.bridge.test_send import run_main

IMAGES: list[tuple[str | None, bytes]] = [("a.png", b"\x89PNG\r\n\x1a\n" + bytes(20_000)), (None, b"second")]


def received(peer: socket.socket) -> tuple[Receiver, list[bytes]]:
    """What is in the socket's buffer, put together."""
    receiver, seen = Receiver(held_bytes=KIB * KIB, budget_bytes=4 * KIB * KIB), []
    peer.setblocking(False)
    while True:
        try:
            seen.append(peer.recv(65_535))
        except BlockingIOError:
            return receiver, seen
        receiver.push(seen[-1])


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def test_a_receiver_gets_the_frames(peer: socket.socket) -> None:
    sent = send_datagrams(peer.getsockname(), IMAGES, DatagramOptions())
    receiver, seen = received(peer)
    assert receiver.frames == [Frame(name, image) for name, image in IMAGES]
    assert (sent.frames, sent.payload_bytes) == (2, sum(len(image) for _, image in IMAGES))
    assert max(len(datagram) for datagram in seen) == 1472


def test_each_run_is_a_stream_of_its_own_unless_it_is_given(peer: socket.socket) -> None:
    for _ in range(2):
        send_datagrams(peer.getsockname(), IMAGES, DatagramOptions())
    receiver, _ = received(peer)
    assert receiver.sequences == [0, 1, 0, 1]
    assert len({frame.stream_id for frame in receiver.whole}) == 2
    send_datagrams(peer.getsockname(), IMAGES, DatagramOptions(stream_id=9))
    assert {frame.stream_id for frame in received(peer)[0].whole} == {9}


class Time:
    """A clock that stands still but while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.pass_by)


def test_the_pace_in_bytes_is_kept() -> None:
    time = Time()
    pace = Pace(10, time.clock)
    for _ in range(125):
        pace.wait_for_bytes(1000)
    assert pace.seconds == pytest.approx(0.1, abs=0.002)
    assert len(time.slept) > 40, "one long pause is followed by a burst"


def test_the_pace_in_frames_is_kept() -> None:
    time = Time()
    pace = Pace(10, time.clock)
    at = []
    for number in range(6):
        pace.wait_for_frame(number, 50)
        at.append(pace.seconds)
        time.now += 0.005  # which a frame takes
    assert at == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.1])
    pace.wait_for_frame(99, None)
    assert pace.seconds == pytest.approx(0.105)


def test_a_burst_is_short() -> None:
    """Bytes that were not sent while nothing was to send do not pile up into a burst later."""
    time = Time()
    pace = Pace(8, time.clock)  # 1 MB/s
    time.now += 0.05
    for _ in range(20):
        pace.wait_for_bytes(1000)
    assert 0.016 < pace.seconds - 0.05 < 0.02


def test_frames_go_out_at_both_paces(peer: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 kB at 1 MB/s, and three frames at 10 a second."""
    time = Time()
    monkeypatch.setattr(Pace, "__init__", partialmethod(Pace.__init__, clock=time.clock))
    sent = send_datagrams(peer.getsockname(), [("a", bytes(20_000))], DatagramOptions(megabits=8))
    assert sent.seconds == pytest.approx(0.02, abs=0.003)
    sent = send_datagrams(peer.getsockname(), [("a", b"x")] * 3, DatagramOptions(), rate=10)
    assert sent.seconds == pytest.approx(0.2, abs=0.003)


def test_nobody_listening_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = closed.getsockname()
    with pytest.raises(SendError, match=r"\(UDP\): Connection refused; is the bridge running"):
        send_datagrams(address, IMAGES, DatagramOptions())


def test_an_image_that_cannot_be_sent_is_named(peer: socket.socket) -> None:
    with pytest.raises(SendError, match=r"^empty\.png: ") as caught:
        send_datagrams(peer.getsockname(), [*IMAGES, ("empty.png", b"")], DatagramOptions())
    assert caught.value.sent == 2


def test_the_command_sends_over_udp_and_says_what_that_means(
    peer: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    run_main(monkeypatch, f"127.0.0.1:{peer.getsockname()[1]}", tmp_path, "--udp", "--datagram-bytes", 9000)
    receiver, seen = received(peer)
    assert [frame.name for frame in receiver.frames] == ["photo.png"]
    assert len(seen) == 1
    assert "sent 1 frames" in capsys.readouterr().out


@pytest.mark.parametrize("fault", [errno.EIO, errno.EINVAL, errno.EMSGSIZE])
def test_where_the_kernel_cannot_cut_datagrams_apart_each_is_sent_by_itself(
    peer: socket.socket, fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network device without checksums, or datagrams larger than its frames; the first refusal settles it."""
    refused: list[int] = []

    class Refusing(socket.socket):
        def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
            if len(data) > 1472:
                refused.append(len(data))
                raise OSError(fault, os.strerror(fault))
            return super().send(data, flags)

    monkeypatch.setattr("sightline_bridge.datagram.sender.socket.socket", Refusing)
    send_datagrams(peer.getsockname(), IMAGES, DatagramOptions())
    receiver, _ = received(peer)
    assert receiver.frames == [Frame(name, image) for name, image in IMAGES]
    assert len(refused) == 1


@pytest.mark.parametrize(
    "arguments",
    [["--datagram-bytes", "52"], ["--datagram-bytes", "65508"], ["--megabits", "0"], ["--stream-id", "4294967296"]],
)
def test_wrong_arguments_are_refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["sightline-send", "127.0.0.1:9", "x", "--udp", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
