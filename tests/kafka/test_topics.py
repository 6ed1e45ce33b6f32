"""The topics job against a real broker."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, NewTopic

from sightline_contracts.topics import load_topics
from sightline_local.kafka import EmbeddedKafka
from sightline_topics.app import ensure_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import TopicsSettings

pytestmark = pytest.mark.kafka


@contextmanager
def _admin(broker: EmbeddedKafka) -> Iterator[Any]:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        yield admin


def _config(admin: Any, topic: str) -> dict[str, str]:
    described = admin.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all")["topic"][topic]
    return {key: entry["value"] for key, entry in described.items()}


def test_topics_exist_as_the_contracts_say(broker: EmbeddedKafka) -> None:
    with _admin(broker) as admin:
        for topic in load_topics(TopicsSettings().max_image_bytes):
            (found,) = admin.describe_topics([topic.name])
            assert len(found["partitions"]) == topic.partitions
            assert topic.config.items() <= _config(admin, topic.name).items()


def test_a_changed_limit_reaches_topics_that_exist(restartable_broker: EmbeddedKafka) -> None:
    settings = TopicsSettings(kafka_bootstrap_servers=restartable_broker.bootstrap_servers, max_image_bytes=1_000_000)
    ensure_topics(settings)
    ensure_topics(settings)
    with _admin(restartable_broker) as admin:
        assert _config(admin, "images")["max.message.bytes"] == str(settings.record_limit)


def test_a_topic_with_too_few_partitions_is_refused_by_name(restartable_broker: EmbeddedKafka) -> None:
    with _admin(restartable_broker) as admin:
        admin.delete_topics(["images"])
        admin.create_topics([NewTopic("images", 1, 1)], wait_for_metadata=True)
    with pytest.raises(TopicsError, match="images has 1 partitions"):
        ensure_topics(TopicsSettings(kafka_bootstrap_servers=restartable_broker.bootstrap_servers))


def test_a_cluster_that_never_answers_is_an_error_that_names_it() -> None:
    with pytest.raises(TopicsError, match=r"127\.0\.0\.1:1 does not answer"):
        ensure_topics(TopicsSettings(kafka_bootstrap_servers="127.0.0.1:1", topics_deadline_s=1))
