"""The embedded broker: a real Kafka that keeps its records over restarts and does only what it was told."""

from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from sightline_common.settings import KafkaSettings
from sightline_contracts.topics import IMAGES, load_topics
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import is_taken

pytestmark = pytest.mark.kafka


def _producer(broker: EmbeddedKafka) -> KafkaProducer:
    return KafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, acks="all", max_request_size=KafkaSettings().record_limit
    )


def _values(broker: EmbeddedKafka, partition: TopicPartition, count: int) -> list[bytes]:
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, consumer_timeout_ms=60_000)) as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        return [record.value for _, record in zip(range(count), consumer, strict=False)]


def test_topics_are_those_of_the_contracts(broker: EmbeddedKafka) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    expected = {topic.name: topic.partitions for topic in load_topics(KafkaSettings().max_image_bytes)}
    assert expected.items() <= found.items()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_records_survive_a_restart(restartable_broker: EmbeddedKafka, end: str) -> None:
    with closing(_producer(restartable_broker)) as producer:
        sent = producer.send(IMAGES, value=b"kept", partition=2).get(timeout=20)

    getattr(restartable_broker, end)()
    assert not restartable_broker.running
    assert not is_taken(restartable_broker.port)

    restartable_broker.start()
    restartable_broker.wait_ready()
    assert _values(restartable_broker, TopicPartition(IMAGES, 2), 1) == [b"kept"]
    assert sent.offset == 0


def test_a_record_of_the_limit_passes(broker: EmbeddedKafka) -> None:
    largest = bytes(KafkaSettings().max_image_bytes)
    with closing(_producer(broker)) as producer:
        assert producer.send(IMAGES, value=largest).get(timeout=30).offset >= 0


def test_an_unknown_topic_is_not_created(broker: EmbeddedKafka) -> None:
    """A consumer of a misspelt topic must not bring it to life: auto-created topics hide the mistake."""
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_block_ms=2000)
    with closing(producer), pytest.raises(KafkaError):
        producer.send("imagse", value=b"x").get(timeout=10)
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        assert "imagse" not in {topic["name"] for topic in admin.describe_topics()}


def test_it_listens_on_loopback_only(broker: EmbeddedKafka) -> None:
    """Anyone on the network could otherwise read and write the topics: the broker asks nobody's name."""
    with open(f"/proc/{broker.pid}/net/tcp", encoding="ascii") as table:  # noqa: PTH123
        listening = {line.split()[1] for line in table.readlines()[1:] if line.split()[3] == "0A"}
    assert f"0100007F:{broker.port:04X}" in listening
    assert f"00000000:{broker.port:04X}" not in listening
