"""Lines of text on a real broker: on a topic of the operator's own, whose absence is told and harms no images."""

import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from sightline_bridge.framing import FRAMINGS
from sightline_bridge.send import send_frames
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from tests.kafka.test_bridge import as_images, images, records_of
from tests.unit.bridge.processes import bridge_process, wait_until

pytestmark = pytest.mark.kafka

PAGE = (Path(__file__).parents[2] / "docs" / "bridge.md").read_text(encoding="utf-8")


def make_topic(broker: EmbeddedKafka, topic: str) -> None:
    """As docs/bridge.md tells to."""
    found = re.search(r"^kafka-python (admin .*topics create .*)$", PAGE, re.MULTILINE)
    assert found is not None
    command = found[1].replace("127.0.0.1:9092", broker.bootstrap_servers).replace("words", topic)
    program = str(Path(sys.executable).with_name("kafka-python"))
    subprocess.run([program, *command.split()], check=True, timeout=60, capture_output=True)


def over_tcp(port: int, text: bytes) -> None:
    """Send `text` and wait until it is confirmed."""
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(text)
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1) == b""


def lines_of(broker: EmbeddedKafka, topic: str, count: int) -> list[ConsumerRecord]:
    """All of `topic`, once it holds `count` records."""
    found: list[ConsumerRecord] = []
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap_servers)) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
        consumer.seek_to_beginning()

        def came() -> bool:
            for batch in consumer.poll(500).values():
                found.extend(batch)
            return len(found) >= count

        wait_until(came, f"{count} lines on {topic}")
    return found


def test_lines_wait_for_their_topic_while_images_flow(broker: EmbeddedKafka, tmp_path: Path) -> None:
    topic, stream, sent = f"words-{uuid4().hex[:8]}", f"camera-{uuid4().hex[:8]}", images(50, 5_000)
    camera, shell = free_port(), free_port()
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"""
        sources:
          - {{name: camera, stream: {stream}, type: tcp-listen, port: {camera}}}
          - {{name: shell, stream: shell, type: tcp-listen, port: {shell}, framing: {{type: lines, topic: {topic}}}}}
        """
    )
    settings = {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "BRIDGE_CONFIG_FILE": file}
    with bridge_process(tmp_path, **settings) as bridge:
        wait_until(lambda: bridge.checks()["checks"]["kafka"]["ok"], "images can be written")
        wait_until(lambda: topic in bridge.checks()["checks"][f"topic:{topic}"]["reason"], "the topic is missed")
        assert bridge.get("/readyz")[0] == 503
        assert "sightline-topics" not in bridge.checks()["checks"][f"topic:{topic}"]["reason"]
        assert send_frames(("127.0.0.1", camera), sent, FRAMINGS["fixed28"]).frames == len(sent)
        with socket.create_connection(("127.0.0.1", shell)) as waiting:
            waiting.sendall(b"first of all\n")
            waiting.shutdown(socket.SHUT_WR)
            make_topic(broker, topic)
            assert waiting.recv(1) == b""
        over_tcp(shell, b"to be\r\nor not\n\nto be" + b"\xff")
        wait_until(bridge.ready, "all can be written to")
        assert bridge.metric('frames_total{result="published"}') == len(sent) + 4
        assert bridge.terminate() == 0
    records = lines_of(broker, topic, 4)
    assert [record.value for record in records] == [b"first of all", b"to be", b"or not", b"to be\xff"]
    assert {record.key for record in records} == {None}
    assert len({record.partition for record in records}) == 1
    headers = dict(records[0].headers)
    assert headers["stream"] == b"shell"
    assert headers["source"] == b"tcp"
    assert headers["accepted-at"].isdigit()
    assert as_images(records_of(broker, stream, len(sent))) == sent
