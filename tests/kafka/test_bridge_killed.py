"""What a killed bridge loses of senders that ask for no acknowledgement: no more than the docs say."""

import os
import signal
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.send import send_frames
from sightline_common.settings import KafkaSettings
from sightline_contracts.images import decode_record
from sightline_contracts.topics import IMAGES
from sightline_local.kafka import EmbeddedKafka
from tests.kafka.test_bridge import Image, bridge_on, images
from tests.unit.bridge.processes import wait_until

pytestmark = pytest.mark.kafka

MIB = 1024 * 1024
FRAME_BYTES = 100_000
BUFFER_BYTES = 16 * MIB
UNREAD_BYTES = 768 * 1024  # of a connection, beside the buffer


class Sending(threading.Thread):
    """Sends until the bridge is gone; `sent` frames were handed to the kernel by then."""

    def __init__(self, port: int, to_send: list[Image]) -> None:
        super().__init__()
        self._port = port
        self._images = to_send
        self.sent = 0
        self.start()

    def run(self) -> None:
        try:
            send_frames(("127.0.0.1", self._port), self._images, FRAMINGS["fixed28"])
        except SendError as error:
            self.sent = error.sent


def kernel_bytes() -> int:
    """The most that the sockets of both ends hold, as Linux lets them grow."""
    return sum(int(Path(f"/proc/sys/net/ipv4/tcp_{side}mem").read_text().split()[2]) for side in "rw")


def names_in_kafka(broker: EmbeddedKafka, stream: str) -> list[str]:
    """The names of all frames of `stream`, in Kafka's order, once the topic does not grow any more."""
    names: list[str] = []
    with closing(
        KafkaConsumer(
            bootstrap_servers=broker.bootstrap_servers, max_partition_fetch_bytes=KafkaSettings().record_limit
        )
    ) as consumer:
        partitions = [TopicPartition(IMAGES, number) for number in consumer.partitions_for_topic(IMAGES)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        read, quiet_since = 0, time.monotonic()
        while time.monotonic() < quiet_since + 2:
            for batch in consumer.poll(200).values():
                read += len(batch)
                found = (decode_record(raw.key, raw.value, raw.headers) for raw in batch)
                names += [record.name or "" for record in found if record.stream == stream]
            if read < sum(
                consumer.end_offsets(partitions).values()
            ):  # a busy broker takes its time to hand out the rest
                quiet_since = time.monotonic()
    return names


@pytest.mark.parametrize("kafka", ["quick", "paused"])
def test_a_killed_bridge_loses_no_more_than_its_buffer_and_the_sockets(
    restartable_broker: EmbeddedKafka,
    tmp_path: Path,
    kafka: str,
) -> None:
    broker, stream, to_send = restartable_broker, f"camera-{uuid4()}", images(3000, FRAME_BYTES)
    with bridge_on(broker, tmp_path, BRIDGE_STREAM=stream, BRIDGE_BUFFER_BYTES=BUFFER_BYTES) as bridge:
        sending = Sending(bridge.port, to_send)
        wait_until(lambda: bridge.metric('frames_total{result="published"}') > 100, "frames flow")
        assert broker.pid is not None
        if kafka == "paused":
            os.kill(broker.pid, signal.SIGSTOP)
            wait_until(lambda: bridge.metric("waiting_connections") == 1, "the buffer is full")
        bridge.process.kill()
        bridge.process.wait()
        if kafka == "paused":
            os.kill(broker.pid, signal.SIGCONT)
        sending.join(30)
    arrived = names_in_kafka(broker, stream)
    lost = (sending.sent - len(arrived)) * FRAME_BYTES
    sys.stdout.write(f"{kafka}: sent {sending.sent}, arrived {len(arrived)}, lost {lost / 1e6:.1f} MB\n")
    assert arrived == [name for name, _ in to_send[: len(arrived)]], "what is lost is the end, and nothing is twice"
    assert lost <= BUFFER_BYTES + UNREAD_BYTES + kernel_bytes()
    if kafka == "paused":
        assert lost > BUFFER_BYTES / 2, "the buffer was full: if nothing is lost, the docs promise too little"
