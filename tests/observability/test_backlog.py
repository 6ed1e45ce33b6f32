"""The classifier's backlog on a real broker."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from sightline_contracts.topics import DEAD_LETTERS, IMAGES
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.backlog import BacklogWatch
from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.offsets import OffsetReader
from sightline_spark.settings import ClassifierSettings
from tests.secured import secured_kafka
from tests.unit.gateway.process import wait_until

pytestmark = pytest.mark.kafka

Value = Callable[[str], float | None]


@contextmanager
def watching(bootstrap_servers: str, position: dict[int, int]) -> Iterator[tuple[BacklogWatch, Value]]:
    """A running watch and its metrics' values."""
    registry = CollectorRegistry()
    settings = ClassifierSettings(kafka_bootstrap_servers=bootstrap_servers)
    watch = BacklogWatch(settings, ClassifierMetrics(registry), position)
    watch.start()
    try:
        yield watch, lambda name: registry.get_sample_value(f"sightline_classifier_{name}")
    finally:
        watch.stop()


def send(broker: EmbeddedKafka, topic: str, partition: int, count: int) -> None:
    """Append records, acknowledged."""
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
        for future in [producer.send(topic, b"x", partition=partition) for _ in range(count)]:
            future.get(10)


def test_the_backlog_is_what_kafka_has_beyond_the_position(broker: EmbeddedKafka) -> None:
    send(broker, IMAGES, 0, 10)
    send(broker, IMAGES, 2, 4)
    with watching(broker.bootstrap_servers, {0: 7, 2: 4}) as (watch, value):
        wait_until(lambda: value("kafka_up") == 1)
        assert (value("lag_records"), value("lag_partition_records")) == (3, 3)
        assert (value("retention_seconds"), value("retention_bytes")) == (86_400, 10 * 2**30)
        send(broker, DEAD_LETTERS, 1, 2)
        wait_until(lambda: value("dead_letters_total") == 2)
        wait_until(lambda: (value("oldest_unread_seconds") or 0) >= 1, deadline_s=30)
        watch.moved({0: 10})
        assert value("lag_records") == 0
        wait_until(lambda: value("oldest_unread_seconds") == 0)


def test_a_broker_that_is_away_is_said_and_found_again(restartable_broker: EmbeddedKafka) -> None:
    with watching(restartable_broker.bootstrap_servers, {}) as (_, value):
        wait_until(lambda: value("kafka_up") == 1)
        restartable_broker.stop()
        wait_until(lambda: value("kafka_up") == 0, deadline_s=60)
        restartable_broker.start()
        restartable_broker.wait_ready()
        wait_until(lambda: value("kafka_up") == 1, deadline_s=60)


def test_ages_and_retention_are_the_brokers(broker: EmbeddedKafka) -> None:
    send(broker, IMAGES, 1, 1)
    with closing(OffsetReader(ClassifierSettings(kafka_bootstrap_servers=broker.bootstrap_servers))) as reader:
        assert reader.any_older({1: 0}, 3600) is False
        wait_until(lambda: reader.any_older({1: 0}, 0.2))
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
            admin.alter_configs([ConfigResource("TOPIC", IMAGES, {"retention.ms": "-1", "retention.bytes": "-1"})])
        wait_until(lambda: (reader.read().retention_s, reader.read().retention_bytes) == (math.inf, math.inf))


def test_the_classifiers_user_may_ask_and_another_is_told_that_it_may_not(tmp_path: Path) -> None:
    """On a secured broker the classifier's user lacked a right that only its metrics need, and it seemed cut off."""
    with secured_kafka(tmp_path) as kafka:
        with closing(OffsetReader(ClassifierSettings(**kafka.settings("classifier")))) as reader:
            found = reader.read()
            assert (len(found.images), found.retention_s) == (4, 86_400)
            assert reader.any_older({0: 0}, 60) is True, "nothing has come to offset 0 since"
        with closing(OffsetReader(ClassifierSettings(**kafka.settings("bridge")))) as reader, pytest.raises(KafkaError):
            reader.read()
        _take_away(kafka.broker, "classifier", ACLOperation.DESCRIBE_CONFIGS)
        with closing(OffsetReader(ClassifierSettings(**kafka.settings("classifier")))) as reader:
            wait_until(lambda: _refusal(reader) == "this user lacks DescribeConfigs on topic images")


def _take_away(broker: EmbeddedKafka, user: str, operation: ACLOperation) -> None:
    images = ResourcePatternFilter(ResourceType.TOPIC, IMAGES, ACLResourcePatternType.LITERAL)
    rule = ACLFilter(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, images)
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        admin.delete_acls([rule])


def _refusal(reader: OffsetReader) -> str:
    try:
        reader.read()
    except KafkaError as error:
        return str(error.args[0])
    return ""
