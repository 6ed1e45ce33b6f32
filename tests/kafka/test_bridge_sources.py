"""Every type of source on a real broker: one process brings them all, and each keeps its order."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.send import send_frames
from sightline_local.kafka import EmbeddedKafka
from tests.kafka.test_bridge import Image, as_images, bridge_on, images, records_of
from tests.unit.bridge.processes import environment, wait_until

pytestmark = pytest.mark.kafka

FIXED28 = FRAMINGS["fixed28"]


def wire(sent: list[Image]) -> bytes:
    return b"".join(FIXED28.encode(Frame(name, payload)) for name, payload in sent)


def over_unix(path: Path, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sender:
        sender.connect(str(path))
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1) == b""


def dialled(server: socket.socket, data: bytes) -> None:
    """A sender that waits to be dialled, twice: it sends half to each connection."""
    frame = len(wire(images(1, 20_000)))
    middle = len(data) // frame // 2 * frame
    for part in (data[:middle], data[middle:]):
        connection, _ = server.accept()
        with connection:
            connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""


def test_one_bridge_brings_what_all_its_sources_send(broker: EmbeddedKafka, tmp_path: Path) -> None:
    run, sent = uuid4().hex[:8], images(200, 20_000)
    fifo, plain, local = tmp_path / "ring", tmp_path / "frames.bin", tmp_path / "local.sock"
    os.mkfifo(fifo)
    plain.write_bytes(wire(sent))
    with socket.create_server(("127.0.0.1", 0)) as server:
        file = tmp_path / "bridge.yaml"
        file.write_text(
            f"""
            sources:
              - {{name: listen, stream: listen-{run}, type: tcp-listen, port: 0}}
              - {{name: dial, stream: dial-{run}, type: tcp-connect, host: 127.0.0.1, port: {server.getsockname()[1]}}}
              - {{name: local, stream: local-{run}, type: unix-listen, path: {local}}}
              - {{name: ring, stream: ring-{run}, type: device, path: {fifo}}}
              - {{name: replay, stream: replay-{run}, type: device, path: {plain}}}
            """
        )
        with bridge_on(broker, tmp_path, BRIDGE_CONFIG_FILE=file) as bridge:
            senders: list[Callable[[], object]] = [
                lambda: send_frames(("127.0.0.1", bridge.port), sent, FIXED28),
                lambda: dialled(server, wire(sent)),
                lambda: over_unix(local, wire(sent)),
                lambda: fifo.write_bytes(wire(sent)),
            ]
            threads = [threading.Thread(target=sender) for sender in senders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            published = 'frames_total{result="published"}'
            wait_until(lambda: bridge.metric(published) == 5 * len(sent), "all frames are in Kafka", 60)
            assert bridge.terminate() == 0
    for name in ("listen", "dial", "local", "ring", "replay"):
        records = records_of(broker, f"{name}-{run}", len(sent))
        assert as_images(records) == sent, name
        assert {record.source for record in records} == {"tcp" if name in ("listen", "dial") else "device"}


def test_what_is_piped_in_is_in_kafka_when_the_process_ends(broker: EmbeddedKafka, tmp_path: Path) -> None:
    stream, sent = f"stdin-{uuid4()}", images(1500, 40_000)
    (tmp_path / "frames.bin").write_bytes(wire(sent))
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "BRIDGE_SOURCE": "stdin",
        "BRIDGE_STREAM": stream,
        "BRIDGE_BUFFER_BYTES": 16 * 1024 * 1024,
        "BRIDGE_MANAGEMENT_PORT": 0,
    }
    ended = subprocess.run(
        ["bash", "-c", f"cat frames.bin | {sys.executable} -m sightline_bridge"],
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert as_images(records_of(broker, stream, len(sent))) == sent
