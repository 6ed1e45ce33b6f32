"""The bridge process on a real broker: what was framed is what Kafka holds, also when Kafka was away meanwhile."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.send import Sent, send_frames
from sightline_common.settings import KafkaSettings
from sightline_contracts.images import ImageRecord, decode_record
from sightline_contracts.topics import IMAGES
from sightline_local.kafka import EmbeddedKafka
from tests.unit.bridge.processes import BridgeProcess, bridge_process, wait_until

pytestmark = pytest.mark.kafka

MIB = 1024 * 1024
Image = tuple[str, bytes]


@contextmanager
def bridge_on(broker: EmbeddedKafka, folder: Path, **settings: object) -> Iterator[BridgeProcess]:
    with bridge_process(folder, KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers, **settings) as bridge:
        wait_until(bridge.ready, "the bridge is connected to Kafka")
        yield bridge


def records_of(broker: EmbeddedKafka, stream: str, count: int, deadline_s: float = 60) -> list[ImageRecord]:
    """The first record of each image id of `stream`, in Kafka's order; fails when fewer than `count` come in time."""
    found: dict[str, ImageRecord] = {}
    partitions = set()
    end = time.monotonic() + deadline_s
    with closing(
        KafkaConsumer(
            bootstrap_servers=broker.bootstrap_servers, max_partition_fetch_bytes=KafkaSettings().record_limit
        )
    ) as consumer:
        consumer.assign([TopicPartition(IMAGES, number) for number in consumer.partitions_for_topic(IMAGES)])
        consumer.seek_to_beginning()
        while len(found) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} records of {stream}"
            for batch in consumer.poll(500).values():
                for raw in batch:
                    record = decode_record(raw.key, raw.value, raw.headers)
                    if record.stream == stream:
                        found.setdefault(record.id, record)
                        partitions.add(raw.partition)
    assert len(partitions) == 1, "a stream keeps its order only within one partition"
    return list(found.values())


def images(count: int, size: int) -> list[Image]:
    return [
        (f"{number:05}.jpg", b"\xff\xd8\xff" + number.to_bytes(4) + os.urandom(16) * (size // 16))
        for number in range(count)
    ]


def as_images(records: list[ImageRecord]) -> list[Image]:
    return [(record.name or "", bytes(record.payload)) for record in records]


class Sending(threading.Thread):
    """send_frames in the background: `progress` while it runs, `result` or `error` after it."""

    def __init__(self, port: int, to_send: list[Image]) -> None:
        super().__init__()
        self._port = port
        self._images = to_send
        self.progress = Sent(0, 0, 0)
        self.result: Sent | None = None
        self.start()

    def run(self) -> None:
        self.result = send_frames(("127.0.0.1", self._port), self._images, FRAMINGS["fixed28"], progress=self._keep)

    def _keep(self, sent: Sent) -> None:
        self.progress = sent


@pytest.mark.parametrize("framing", ["fixed28", "named", "length"])
def test_frames_are_image_records_with_their_exact_bytes(broker: EmbeddedKafka, tmp_path: Path, framing: str) -> None:
    stream = f"camera-{uuid4()}"
    to_send = [
        ("photo.jpg", b"\xff\xd8\xff" + os.urandom(100_000)),
        ("digit.png", b"\x89PNG\r\n\x1a\n" + os.urandom(500)),
        ("unknown", b"?"),
        ("limit.gif", b"GIF89a" + os.urandom(KafkaSettings().max_image_bytes - 6)),
        *images(200, 5_000),
    ]
    with bridge_on(
        broker, tmp_path, BRIDGE_STREAM=stream, BRIDGE_MODEL="digits-lenet", BRIDGE_FRAMING=framing
    ) as bridge:
        sent = send_frames(("127.0.0.1", bridge.port), to_send, FRAMINGS[framing])
        assert sent.frames == bridge.metric('frames_total{result="published"}') == len(to_send)
        assert bridge.terminate() == 0
    records = records_of(broker, stream, len(to_send))
    assert [record.payload for record in records] == [payload for _, payload in to_send]
    names = [None] * len(to_send) if framing == "length" else [name for name, _ in to_send]
    assert [record.name for record in records] == names
    types = ["image/jpeg", "image/png", "application/octet-stream", "image/gif", "image/jpeg"]
    assert [record.content_type for record in records[:5]] == types
    assert {(record.source, record.model) for record in records} == {("tcp", "digits-lenet")}


@pytest.mark.parametrize("outage", ["paused", "stopped"])
def test_while_kafka_is_away_the_sender_waits_and_then_all_arrives(
    restartable_broker: EmbeddedKafka, tmp_path: Path, outage: str
) -> None:
    """120 MB meet a broker that is away: nothing is lost, the order holds, and the bridge grows by its buffer only."""
    broker, to_send, buffer = restartable_broker, images(1200, 100_000), 16 * MIB
    with bridge_on(broker, tmp_path, BRIDGE_STREAM="gate", BRIDGE_BUFFER_BYTES=buffer) as bridge:
        before = bridge.resident_bytes()
        pid = broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP) if outage == "paused" else broker.stop()
        try:
            sending = Sending(bridge.port, to_send)
            wait_until(lambda: bridge.metric("waiting_connections") == 1, "the bridge stops reading")
            wait_until(lambda: bridge.metric("retries_total") > 0, "the outage lasts until deliveries fail")
            taken, held = bridge.metric("received_bytes_total"), bridge.metric("held_bytes")
            sent = sending.progress.frames
        finally:
            os.kill(pid, signal.SIGCONT) if outage == "paused" else broker.start()
        assert held <= buffer
        assert taken < buffer + MIB
        assert sent < len(to_send) / 2
        assert bridge.resident_bytes() - before < 4 * buffer
        sending.join(120)
        assert sending.result is not None
        assert sending.result.frames == len(to_send)
        assert bridge.metric('frames_total{result="published"}') == len(to_send)
        assert bridge.resident_bytes() - before < 6 * buffer
    assert as_images(records_of(broker, "gate", len(to_send))) == to_send


def test_frames_in_flight_when_the_broker_freezes_arrive_too(restartable_broker: EmbeddedKafka, tmp_path: Path) -> None:
    """Their fate is unknown, so they are sent again under their ids: duplicates may be, losses not."""
    broker, to_send = restartable_broker, images(3000, 50_000)
    with bridge_on(broker, tmp_path, BRIDGE_STREAM="gate", BRIDGE_BUFFER_BYTES=16 * MIB) as bridge:
        sending = Sending(bridge.port, to_send)
        wait_until(lambda: bridge.metric('frames_total{result="published"}') > 100, "frames flow")
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: bridge.metric("retries_total") > 0, "deliveries time out")
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        sending.join(120)
        assert sending.result is not None
        assert bridge.metric('frames_total{result="published"}') == len(to_send)
    arrived = as_images(records_of(broker, "gate", len(to_send)))
    assert sorted(arrived) == to_send


def test_sigterm_flushes_what_was_taken(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """What the bridge counts as published at its end is what Kafka holds, without a gap."""
    stream, sent = f"camera-{uuid4()}", list[Image]()
    with bridge_on(broker, tmp_path, BRIDGE_STREAM=stream) as bridge:
        sending = threading.Thread(target=_send_until_it_ends, args=(bridge.port, sent))
        sending.start()
        wait_until(lambda: bridge.metric('frames_total{result="published"}') > 100, "frames flow")
        published = int(bridge.metric('frames_total{result="published"}'))
        assert bridge.terminate() == 0
        sending.join(30)
        assert "not published" not in bridge.log_file.read_text()
    kept = as_images(records_of(broker, stream, published))
    assert kept == sent[: len(kept)]


def _send_until_it_ends(port: int, sent: list[Image]) -> None:
    """Images without end: however slow this process is, it is not through before the bridge."""

    def endless() -> Iterator[Image]:
        for number in count():
            sent.append((f"{number:05}.jpg", b"\xff\xd8\xff" + number.to_bytes(4) + bytes(50_000)))
            yield sent[-1]

    with pytest.raises(SendError, match="ended the connection"):
        send_frames(("127.0.0.1", port), endless(), FRAMINGS["fixed28"])
