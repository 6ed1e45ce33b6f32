"""Frames over UDP on a real broker: what came whole is what Kafka holds, and every loss is counted."""

import os
import re
import secrets
import signal
from pathlib import Path

import pytest

from sightline_bridge.datagram.sender import DatagramOptions, send_datagrams
from sightline_local.kafka import EmbeddedKafka
from tests.kafka.test_bridge import MIB, Image, as_images, bridge_on, images, records_of
from tests.unit.bridge.processes import BridgeProcess, wait_until

pytestmark = pytest.mark.kafka

LOSSES = ("incomplete", "missing", "over-budget")


def send(bridge: BridgeProcess, to_send: list[Image], stream_id: int, datagram_bytes: int = 1472) -> None:
    """All of `to_send`: slowly enough for a busy machine, and each frame within the second that it may take."""
    options = DatagramOptions(megabits=150, datagram_bytes=datagram_bytes, stream_id=stream_id)
    assert send_datagrams(("127.0.0.1", bridge.port), to_send, options).frames == len(to_send)


def frames(bridge: BridgeProcess, result: str) -> float:
    return bridge.metric(f'frames_total{{result="{result}"}}')


def lost(bridge: BridgeProcess) -> float:
    return sum(frames(bridge, result) for result in LOSSES)


@pytest.mark.parametrize("datagram_bytes", [1472, 65_507])
def test_frames_over_udp_are_image_records_with_their_exact_bytes(
    broker: EmbeddedKafka, tmp_path: Path, datagram_bytes: int
) -> None:
    stream_id = secrets.randbits(32)
    to_send = [
        ("photo.jpg", b"\xff\xd8\xff" + os.urandom(1_000_000)),
        ("limit.gif", b"GIF89a" + os.urandom(10 * MIB - 6)),
        ("unknown", b"?"),
        *images(300, 20_000),
    ]
    with bridge_on(broker, tmp_path, BRIDGE_SOURCE="udp", BRIDGE_MODEL="digits-lenet") as bridge:
        send(bridge, to_send, stream_id, datagram_bytes)
        wait_until(lambda: frames(bridge, "published") + lost(bridge) == len(to_send), "all are published or counted")
        assert lost(bridge) == 0, bridge.log_file.read_text()
        assert bridge.terminate() == 0
    records = records_of(broker, f"udp:127.0.0.1/{stream_id}", len(to_send))
    assert as_images(records) == to_send
    assert {(record.source, record.model) for record in records} == {("udp", "digits-lenet")}
    assert [record.content_type for record in records[:3]] == ["image/jpeg", "image/gif", "application/octet-stream"]


def test_while_kafka_is_away_what_finds_no_room_is_counted_and_the_rest_arrives(
    restartable_broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """40 MB meet a broker that stands still: what fits is kept in order, the rest is counted, memory stays bounded."""
    broker, to_send, after, buffer = restartable_broker, images(400, 100_000), images(20, 1000), 16 * MIB
    with bridge_on(broker, tmp_path, BRIDGE_SOURCE="udp", BRIDGE_BUFFER_BYTES=buffer) as bridge:
        before = bridge.resident_bytes()
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            send(bridge, to_send, 1)
            wait_until(lambda: lost(bridge) + bridge.metric("held_bytes") // 104_096 >= len(to_send), "all are counted")
            assert bridge.metric("held_bytes") <= buffer
            assert bridge.resident_bytes() - before < 4 * buffer
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        wait_until(lambda: frames(bridge, "published") + lost(bridge) == len(to_send), "what was kept is published", 60)
        kept = int(frames(bridge, "published"))
        assert frames(bridge, "over-budget") > len(to_send) / 2
        assert 0 < kept < len(to_send) / 2
        assert bridge.metric('datagrams_total{result="kernel"}') == 0
        send(bridge, after, 2)
        wait_until(lambda: frames(bridge, "published") == kept + len(after), "later frames pass")
        assert bridge.resident_bytes() - before < 6 * buffer
        log = bridge.log_file.read_text()
    told = re.findall(r"dropped: .*?(\d+) frames over-budget", log)
    assert 0 < len(told) < 60, "once a second, not for each frame"
    arrived = as_images(records_of(broker, "udp:127.0.0.1/1", kept))
    assert arrived == [image for image in to_send if image in arrived], "in order, and nothing that was not sent"
    assert as_images(records_of(broker, "udp:127.0.0.1/2", len(after))) == after
