"""Acknowledged frames on a real broker: whatever is killed under load, each frame is there, under one id."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from sightline_bridge.ack.messages import encode_head
from sightline_contracts.ids import image_id_from_checksum
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from tests.kafka.load import published
from tests.unit.bridge.ack_peer import build_c_sender
from tests.unit.bridge.processes import BridgeProcess, bridge_process, wait_until

pytestmark = pytest.mark.kafka

FILES, REPEATS = 20, 600  # so many that no sender is through before the last death
FRAMES = FILES * REPEATS
FILE_BYTES = 2_000
DEATHS = 5
PUBLISHED = 'frames_total{result="published",source="default"}'

Running = AbstractContextManager["subprocess.Popen[str]"]
Sender = Callable[[str, int, str, Path], Running]


@pytest.fixture(scope="module")
def c_sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_c_sender(tmp_path_factory.mktemp("c-sender"))


@pytest.fixture
def start_sender(c_sender: Path) -> Sender:
    """Start a sender ("python" or "c") with all files of a folder, REPEATS times."""

    @contextmanager
    def start(which: str, port: int, sender_id: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
        files = sorted(folder.iterdir())
        python = [sys.executable, "-m", "sightline_bridge.send", "--ack", "--sender-id", sender_id]
        command: list[object] = (
            [*python, "--repeat", REPEATS, f"127.0.0.1:{port}", *files]
            if which == "python"
            else [c_sender, "-s", sender_id, "-r", REPEATS, "127.0.0.1", port, *files]
        )
        words = list(map(str, command))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sender:
            try:
                yield sender
            finally:
                sender.kill()

    return start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    made.mkdir()
    for number in range(FILES):
        (made / f"{number:02}.jpg").write_bytes(b"\xff\xd8\xff" + bytes([number]) + os.urandom(FILE_BYTES))
    return made


@contextmanager
def ack_bridge(broker: EmbeddedKafka, folder: Path, port: int, stream: str) -> Iterator[BridgeProcess]:
    settings = {"BRIDGE_PORT": port, "BRIDGE_ACK": "frame", "BRIDGE_STREAM": stream}
    with bridge_process(folder, KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers, **settings) as bridge:
        yield bridge


def expected_ids(sender_id: str, folder: Path) -> dict[str, bytes]:
    """Each image id with its bytes, as any reader can compute them."""
    files = [(file.name, file.read_bytes()) for file in sorted(folder.iterdir())] * REPEATS
    return {
        image_id_from_checksum("bridge", f"{sender_id}/{number}", _checksum(number, name, payload)): payload
        for number, (name, payload) in enumerate(files, 1)
    }


def _checksum(number: int, name: str, payload: bytes) -> int:
    return int.from_bytes(encode_head(number, name, None, payload)[16:20])


def assert_each_is_there_once(broker: EmbeddedKafka, stream: str, expected: dict[str, bytes]) -> None:
    """Every frame is in `images` with its bytes, under the id that sender and frame give it, and nothing else is."""
    found: Counter[str] = Counter()
    for record in published(broker.bootstrap_servers):
        if ("stream", stream.encode()) not in record.headers:
            continue
        image_id = record.key.decode()
        found[image_id] += 1
        assert expected[image_id] == record.value
    lost = set(expected) - set(found)
    assert not lost, f"{len(lost)} of {len(expected)} frames are not in Kafka"
    sys.stdout.write(f"{len(expected)} frames, {found.total()} records\n")


def await_more(bridge: BridgeProcess, sender: "subprocess.Popen[str]", before: float = 0) -> None:
    """Wait until frames flow, more than `before` of them."""

    def flows() -> bool:
        assert sender.poll() is None, "the sender was through too early"
        return bridge.metric(PUBLISHED) > before

    wait_until(flows, "frames flow", 60)


def finish(sender: "subprocess.Popen[str]") -> str:
    """What the sender says of its end, which must be a good one."""
    said, _ = sender.communicate(timeout=150)
    assert sender.returncode == 0, said
    assert f"acknowledged {FRAMES}" in said
    return said


@pytest.mark.parametrize(
    ("which", "how"), [("python", signal.SIGKILL), ("c", signal.SIGKILL), ("python", signal.SIGTERM)]
)
def test_a_bridge_that_ends_five_times_under_load_loses_no_frame(
    broker: EmbeddedKafka, tmp_path: Path, folder: Path, start_sender: Sender, which: str, how: signal.Signals
) -> None:
    stream, port = f"camera-{uuid4()}", free_port()
    with start_sender(which, port, stream, folder) as sender:
        for _ in range(DEATHS):
            with ack_bridge(broker, tmp_path, port, stream) as bridge:
                await_more(bridge, sender)
                bridge.process.send_signal(how)
                assert bridge.process.wait(30) == (-how if how is signal.SIGKILL else 0)
        with ack_bridge(broker, tmp_path, port, stream):
            told = finish(sender)
    connections = int(re.findall(r"connections (\d+)", told)[0])
    assert connections > DEATHS
    assert_each_is_there_once(broker, stream, expected_ids(stream, folder))


@pytest.mark.parametrize("which", ["python", "c"])
def test_a_broker_that_is_killed_five_times_under_load_loses_no_frame(
    restartable_broker: EmbeddedKafka, tmp_path: Path, folder: Path, start_sender: Sender, which: str
) -> None:
    broker, stream, port = restartable_broker, f"camera-{uuid4()}", free_port()
    with ack_bridge(broker, tmp_path, port, stream) as bridge, start_sender(which, port, stream, folder) as sender:
        for _ in range(DEATHS):
            await_more(bridge, sender, bridge.metric(PUBLISHED))
            broker.kill()
            broker.start()
            broker.wait_ready()
        finish(sender)
    assert_each_is_there_once(broker, stream, expected_ids(stream, folder))
