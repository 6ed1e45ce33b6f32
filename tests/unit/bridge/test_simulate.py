"""sightline-simulate against sockets and files that keep what comes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_bridge.framing import IMAGE_FRAMINGS
from sightline_bridge.simulate import camera
from sightline_bridge.simulate.faults import Chances, Dice, Fault
from sightline_bridge.simulate.player import Player
from sightline_bridge.simulate.target import Kind, Target, parse_target
from sightline_contracts.media import inspect_image
from sightline_local.ports import free_port
from tests.unit.bridge.datagrams import KIB, Receiver
from tests.unit.bridge.simulating import frames_in, serving, simulate


@pytest.mark.parametrize("framing", IMAGE_FRAMINGS)
def test_each_sender_is_a_camera_with_a_connection(
    framing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        simulate(
            monkeypatch,
            f"tcp://127.0.0.1:{server.port}",
            "--senders",
            3,
            "--frames",
            5,
            "--rate",
            0,
            "--framing",
            framing,
        )
    cameras = [frames_in(wire, framing) for wire in server.received]
    assert [len(frames) for frames in cameras] == [5, 5, 5]
    images = [frame.payload for frames in cameras for frame in frames]
    assert len(set(images)) == 15
    assert {inspect_image(image).content_type for image in images} == {"image/jpeg"}
    out = capsys.readouterr().out
    assert "sent       15 frames" in out
    assert "confirmed  15 frames" in out
    assert "senders    3, connections 3" in out


def test_lines_are_text_of_each_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        arguments = ("--senders", 2, "--frames", 2, "--rate", 0, "--framing", "lines")
        simulate(monkeypatch, f"tcp://127.0.0.1:{server.port}", *arguments)
    assert sorted(server.received) == [b"camera-0 0\r\ncamera-0 1\r\n", b"camera-1 0\r\ncamera-1 1\r\n"]


def test_a_folder_is_played_round_and_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode())
    with serving() as server:
        simulate(monkeypatch, f"tcp://127.0.0.1:{server.port}", tmp_path, "--frames", 5, "--rate", 0)
    assert [frame.name for frame in frames_in(server.received[0])] == ["a.png", "b.png", "a.png", "b.png", "a.png"]


def test_the_rate_and_the_time_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    with serving() as server:
        simulate(monkeypatch, f"tcp://127.0.0.1:{server.port}", "--senders", 2, "--rate", 20, "--seconds", 0.5)
    assert time.monotonic() - start > 0.45
    assert all(1 <= len(frames_in(wire)) <= 10 for wire in server.received)
    assert len(server.received) == 2


def test_a_cut_connection_is_followed_by_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        simulate(monkeypatch, f"tcp://127.0.0.1:{server.port}", "--frames", 40, "--rate", 0, "--cut", 0.2)
    out = capsys.readouterr().out
    cut = int(out.split("faults     ")[1].split(" cut")[0])
    assert 2 <= cut <= 20
    assert server.cut_off == cut
    assert f"sent       {40 - cut} frames" in out
    whole = [frames_in(wire) for wire in server.received]
    assert sum(map(len, whole)) <= 40 - cut  # a reset may take what was not read yet with it
    confirmed = int(out.split("confirmed  ")[1].split(" frames")[0])
    assert confirmed == len(whole[-1])


def test_a_delayed_frame_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    arguments = ("--frames", 2, "--rate", 0, "--delay", 1, "--delay-seconds", 0.1)
    with serving() as server:
        simulate(monkeypatch, f"tcp://127.0.0.1:{server.port}", *arguments)
    assert time.monotonic() - start > 0.2
    assert len(frames_in(server.received[0])) == 2


def held_by(bound: socket.socket) -> Iterator[bytes]:
    """The datagrams in the socket's buffer."""
    bound.setblocking(False)
    while True:
        try:
            yield bound.recv(65_535)
        except BlockingIOError:
            return


def test_over_udp_datagrams_are_lost_repeated_and_reordered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = Receiver(held_bytes=KIB * KIB, budget_bytes=4 * KIB * KIB, window=16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB * KIB)
        target = f"udp://127.0.0.1:{bound.getsockname()[1]}"
        faults = ("--drop", 0.05, "--duplicate", 0.05, "--reorder", 0.05, "--corrupt", 0.05)
        simulate(monkeypatch, target, "--frames", 100, "--rate", 0, *faults)
        receiver.push(*held_by(bound))
    receiver.close()
    out = capsys.readouterr().out
    assert all(f" {fault}" in out for fault in ("dropped", "duplicated", "reordered", "corrupted"))
    seen = receiver.datagrams()
    assert seen["duplicate"] > 0
    assert seen["bad-checksum"] > 0
    assert 40 < len(receiver.whole) < 100
    assert receiver.sequences == sorted(receiver.sequences)


def test_a_frame_that_lost_a_datagram_was_not_sent_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report counted it, and called a datagram corrupted that never went out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        target = f"udp://127.0.0.1:{bound.getsockname()[1]}"
        simulate(monkeypatch, target, "--frames", 3, "--rate", 0, "--drop", 1, "--corrupt", 1)
        assert list(held_by(bound)) == []
    out = capsys.readouterr().out
    assert "sent       0 frames, 0.0 MB" in out
    assert "corrupted" not in out


def test_a_reordered_datagram_costs_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(held_bytes=KIB * KIB, budget_bytes=4 * KIB * KIB)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        target = f"udp://127.0.0.1:{bound.getsockname()[1]}"
        simulate(monkeypatch, target, "--frames", 20, "--rate", 0, "--reorder", 0.5, "--duplicate", 0.5, "--seed", 3)
        receiver.push(*held_by(bound))
    assert receiver.sequences[-1] == 19
    assert len(receiver.whole) >= 19  # the first frame cannot be told from the one before the first


def test_a_bridge_that_dials_out_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "sightline_bridge.simulate.command",
        f"tcp-listen://127.0.0.1:{port}",
        "--frames",
        "3",
    ]
    with subprocess.Popen([*command, "--rate", "0"], stdout=subprocess.PIPE, text=True) as simulator:
        taken = b""
        with _dialled(port) as bridge:
            while data := bridge.recv(65_536):
                taken += data
        out, _ = simulator.communicate(timeout=60)
    assert len(frames_in(taken)) == 3
    assert "confirmed  3 frames" in out


def _dialled(port: int) -> socket.socket:
    end = time.monotonic() + 40
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_unix_socket_takes_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "bridge.sock"))
    listener.listen()
    with serving(listener) as server:
        simulate(monkeypatch, f"unix:{tmp_path / 'bridge.sock'}", "--frames", 4, "--rate", 0)
    assert [len(frames_in(wire)) for wire in server.received] == [4]


def test_a_fifo_and_standard_output_take_frames(tmp_path: Path) -> None:
    fifo = tmp_path / "camera"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "sightline_bridge.simulate.command"]
    many = ["--frames", "4", "--rate", "0"]
    with subprocess.Popen([*command, f"file:{fifo}", *many], stdout=subprocess.PIPE) as simulator:
        assert len(frames_in(fifo.read_bytes())) == 4
        assert b"confirmed  0 frames" in simulator.communicate(timeout=60)[0]
    piped = subprocess.run([*command, "-", *many], capture_output=True, timeout=60, check=True)
    assert len(frames_in(piped.stdout)) == 4
    assert b"sent       4 frames" in piped.stderr


def test_ctrl_c_ends_it_in_good_order() -> None:
    with serving() as server:
        command = [sys.executable, "-m", "sightline_bridge.simulate.command", f"tcp://127.0.0.1:{server.port}"]
        with subprocess.Popen([*command, "--seconds", "60", "--rate", "50"], stdout=subprocess.PIPE) as simulator:
            end = time.monotonic() + 40
            while not server._threads:
                assert time.monotonic() < end
                time.sleep(0.02)
            simulator.send_signal(signal.SIGINT)
            out, _ = simulator.communicate(timeout=60)
    assert simulator.returncode == 0
    assert b"confirmed" in out
    assert server.cut_off == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        ["tcp://host"],
        ["tcp://host:99999"],
        ["unix:"],
        ["http://host:80"],
        ["udp://h:1", "--ack"],
        ["tcp://h:1", "--drop", "0.1"],
        ["tcp://h:1", "--cut", "1.1"],
        ["-", "--senders", "2"],
        ["tcp://h:1", "--ack", "--corrupt", "0.5"],
        ["udp://h:1", "--framing", "named"],
        ["tcp://h:1", "--ack", "--framing", "fixed28"],
        ["tcp://h:1", "--megabits", "10"],
        ["unix:a", "--datagram-bytes", "1000"],
        ["tcp://h:1", "--sender-id", "a"],
        ["udp://h:1", "--tls"],
        ["unix:a", "--tls-ca", "ca.pem"],
        ["tcp-listen://h:1", "--tls-ca", "ca.pem"],
        ["tcp-listen://h:1", "--tls-ca", "ca.pem", "--tls-certificate", "c"],
        ["tcp-listen://h:1", "--tls-server-name", "a", "--tls-certificate", "c", "--tls-key", "k"],
        ["tcp://h:1", "photos", "--image-bytes", "1000"],
        ["tcp://h:1", "--framing", "lines", "--image-bytes", "1000"],
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Player, "play", lambda *_: pytest.fail("it began"))
    monkeypatch.setattr("sightline_bridge.simulate.command._senders", lambda _: [])
    with pytest.raises(SystemExit) as stopped:
        simulate(monkeypatch, *arguments)
    assert stopped.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("tcp://127.0.0.1:9500", Target(Kind.TCP, "127.0.0.1", 9500)),
        ("udp://[::1]:9503", Target(Kind.UDP, "::1", 9503)),
        ("unix:/run/bridge.sock", Target(Kind.UNIX, path=Path("/run/bridge.sock"))),
        ("unix:///run/bridge.sock", Target(Kind.UNIX, path=Path("/run/bridge.sock"))),
        ("file:here", Target(Kind.FILE, path=Path("here"))),
        ("-", Target(Kind.STDOUT)),
    ],
)
def test_targets_are_read(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_the_same_seed_gives_the_same_faults() -> None:
    def faults(seed: int) -> list[bytes]:
        dice = Dice(Chances(corrupt=0.5), seed)
        return [dice.corrupted(bytes(8)) for _ in range(50)]

    assert faults(1) == faults(1) != faults(2)
    dice = Dice(Chances(corrupt=1), 0)
    assert dice.corrupted(b"\0").count(b"\0") == 0
    assert dice.thrown == {Fault.CORRUPTED: 1}


@pytest.mark.parametrize("size", [0, 3000, 70_000, 1_000_000])
def test_drawn_images_are_images_of_the_size_asked_for(size: int) -> None:
    drawn = camera.images("camera-7", size)
    first, second = next(drawn), next(drawn)
    assert first != second
    assert inspect_image(first).width == 640
    assert size == 0 or size - 4 < len(first) <= size
