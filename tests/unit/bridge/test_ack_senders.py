"""Both senders of the acknowledged protocol, as programs, against a bridge that fails in every way it may."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sightline_bridge.ack.messages import Answer, AnswerKind, GoodbyeCode, NackCode
from sightline_bridge.ack.sender import AckSender
from sightline_bridge.ack.session import AckFrame
from sightline_bridge.errors import SendError
from sightline_local.ports import free_port
from tests.unit.bridge.ack_peer import C_SENDER, LIMIT, ack_peer, build_checked_c_sender, goodbye

pytestmark = pytest.mark.process
Program = Callable[..., "subprocess.CompletedProcess[str]"]
FILES = 12


@pytest.fixture(scope="session")
def c_sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checked_c_sender(tmp_path_factory.mktemp("c-sender"))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{number:02}.png" for number in range(FILES)]
    for number, file in enumerate(made):
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]) + os.urandom(5_000 * number))
    return made


@pytest.fixture(params=["python", "c"])
def send(request: pytest.FixtureRequest, c_sender: Path) -> Program:
    """One of the senders; called with port, sender id, files and patience it runs to its end."""

    def run(port: int, sender_id: str, files: list[Path], patience_s: int = 60) -> "subprocess.CompletedProcess[str]":
        python = [sys.executable, "-m", "sightline_bridge.send", "--ack", "--sender-id", sender_id]
        command: list[object] = (
            [*python, "--patience", patience_s, f"127.0.0.1:{port}", *files]
            if request.param == "python"
            else [c_sender, "-s", sender_id, "-p", patience_s, "127.0.0.1", port, *files]
        )
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)

    return run


def payloads(files: list[Path]) -> list[bytes]:
    return [file.read_bytes() for file in files]


def test_all_that_is_sent_is_acknowledged_and_comes_whole(send: Program, files: list[Path]) -> None:
    with ack_peer() as peer:
        done = send(peer.port, "camera-7", files)
        frames = list(peer.frames.values())
    assert done.returncode == 0, done.stderr
    assert f"acknowledged {FILES}" in done.stdout
    assert [(frame.sender_id, frame.frame_id, frame.name) for frame in frames] == [
        ("camera-7", number, file.name) for number, file in enumerate(files, 1)
    ]
    assert [frame.payload for frame in frames] == payloads(files)


@pytest.mark.parametrize("window", [1, 2, FILES])
def test_no_more_is_under_way_than_the_window_allows(send: Program, files: list[Path], window: int) -> None:
    with ack_peer(window=window, pause_s=10) as peer:
        assert send(peer.port, "s", files).returncode == 0
        assert len(peer.frames) == FILES
        assert peer.most_unacknowledged == window


def test_over_connections_that_break_all_arrives_and_in_order(send: Program, files: list[Path]) -> None:
    """Each of the first four connections takes one frame and is reset at the second, without a word of either."""
    heard: dict[int, int] = {}

    def script(connection: int, frame: AckFrame) -> str | None:
        heard[connection] = heard.get(connection, 0) + 1
        return "cut" if connection <= 4 and heard[connection] == 2 else None

    with ack_peer(script) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 5
        assert list(peer.frames) == list(range(1, FILES + 1))
        assert [frame.payload for frame in peer.frames.values()] == payloads(files)
    assert done.returncode == 0, done.stderr
    assert "connections 5" in done.stdout


@pytest.mark.parametrize("code", [GoodbyeCode.GOING_AWAY, GoodbyeCode.BAD_CHECKSUM])
def test_a_bridge_that_leaves_is_met_again(send: Program, files: list[Path], code: GoodbyeCode) -> None:
    with ack_peer(
        lambda number, frame: goodbye(code) if number <= 3 and frame.frame_id == 2 * number else None
    ) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 4
        assert len(peer.frames) == FILES
    assert done.returncode == 0, done.stderr


def test_a_frame_that_is_given_back_is_sent_again_over_another_connection(send: Program, files: list[Path]) -> None:
    given_back = Answer(AnswerKind.NACK, NackCode.NOT_STORED, again=True, value=5).encode()
    with ack_peer(lambda number, frame: given_back if number == 1 and frame.frame_id == 5 else None) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 2
        assert len(peer.frames) == FILES
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("window", [2, 3, 64])
def test_a_refused_frame_is_named_and_the_others_arrive(send: Program, files: list[Path], window: int) -> None:
    """A small window is full of refused frames, and of those before them that wait for Kafka."""
    refused = {4, 6}
    with ack_peer(lambda _, frame: NackCode.TOO_LARGE if frame.frame_id in refused else None, window=window) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 1
        assert set(peer.frames) == set(range(1, FILES + 1)) - refused
        assert peer.heard == list(range(1, FILES + 1))
    assert done.returncode == 1
    assert "frame 4 " in done.stderr
    assert f"acknowledged {FILES - 2}" in done.stdout


def test_a_frame_above_the_welcomed_limit_is_not_even_sent(send: Program, files: list[Path], tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(bytes(LIMIT + 1))
    with ack_peer() as peer:
        done = send(peer.port, "s", [files[0], large, files[1]])
        assert list(peer.frames) == [1, 3]
        assert peer.connections == 1
    assert done.returncode == 1
    assert "frame 2 " in done.stderr


def test_a_sender_that_is_refused_for_good_stops_at_once(send: Program, files: list[Path]) -> None:
    with ack_peer(lambda _, frame: goodbye(GoodbyeCode.BAD_ID) if frame.frame_id == 2 else None) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 1
    assert done.returncode == 1


def test_a_damaged_answer_is_not_believed(send: Program, files: list[Path]) -> None:
    """An ACK of everything whose checksum is wrong: taken at its word it would lose what follows."""
    forged = bytearray(Answer(AnswerKind.ACK, 0, again=False, value=FILES).encode())
    forged[-1] ^= 1
    with ack_peer(lambda number, frame: bytes(forged) if number == 1 and frame.frame_id == 2 else None) as peer:
        done = send(peer.port, "s", files)
        assert peer.connections == 2
        assert len(peer.frames) == FILES
    assert done.returncode == 0, done.stderr


def test_who_waits_in_vain_gives_up_and_says_so(send: Program, files: list[Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = send(silent.getsockname()[1], "s", files, 1)
    assert done.returncode == 1
    assert "acknowledged" in done.stderr.splitlines()[-1]


def test_who_is_never_welcomed_is_told_where_to_look(send: Program, files: list[Path]) -> None:
    """A server of something else, or a bridge that is full: it said `Connection reset` again and again, or nothing."""
    with closing_server() as (port, connections):
        done = send(port, "s", files, 1)
        assert len(connections) > 1
    assert done.returncode == 1
    assert "WELCOME" in done.stderr.splitlines()[0]
    assert "has this source `ack: frame`?" in done.stderr.splitlines()[0]


@contextmanager
def closing_server() -> Iterator[tuple[int, list[object]]]:
    """Closes each connection once something came; its port, and who connected."""
    connections: list[object] = []

    def run(listener: socket.socket) -> None:
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                connections.append(peer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        try:
            yield int(listener.getsockname()[1]), connections
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def test_the_c_sender_does_not_wait_for_its_welcome_as_long_as_for_an_answer(c_sender: Path, files: list[Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        command = list(map(str, [c_sender, "-p", 6, "127.0.0.1", port, files[0]]))
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "sent no WELCOME" in done.stderr
    assert done.returncode == 1


def test_the_c_sender_says_that_nobody_is_there_and_that_a_folder_is_no_file(c_sender: Path, tmp_path: Path) -> None:
    port = free_port()
    command = list(map(str, [c_sender, "-p", 1, "127.0.0.1", port, __file__]))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.startswith(f"sightline_send: 127.0.0.1:{port} cannot be reached; trying again\n")
    done = subprocess.run([*command[:-1], str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == f"sightline_send: cannot read {tmp_path}, a folder: name its files (FOLDER/*.jpg)\n"


def test_a_file_that_cannot_be_read_does_not_cost_those_before_it(send: Program, files: list[Path]) -> None:
    """They are with the bridge, which is slow to acknowledge them: that is waited for."""
    unreadable = Path("/proc/self/mem")
    with ack_peer(pause_s=0.3) as peer:
        done = send(peer.port, "s", [*files[:3], unreadable, files[3]])
        assert list(peer.frames) == [1, 2, 3]
    assert done.returncode == 1
    assert f"cannot read {unreadable}" in done.stderr


def test_the_c_sender_is_one_file_of_less_than_400_lines_without_dependencies() -> None:
    source = C_SENDER.read_text()
    assert source.count("\n") < 400
    assert '#include "' not in source


@pytest.mark.parametrize(
    "arguments", [[], ["127.0.0.1", "9500"], ["-r", "0", "h", "1", "f"], ["-s", "x" * 65, "h", "1", "f"]]
)
def test_the_c_sender_explains_itself(c_sender: Path, arguments: list[str]) -> None:
    done = subprocess.run([c_sender, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


def test_what_cannot_be_written_is_said_before_it_is_sent() -> None:
    with pytest.raises(SendError, match="sender id"):
        AckSender(("127.0.0.1", 1), "")
    with AckSender(("127.0.0.1", 1), "s") as sender, pytest.raises(SendError, match=r"empty\.png"):
        sender.send("empty.png", b"")
