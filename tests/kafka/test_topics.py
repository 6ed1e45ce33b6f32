"""The topics job against a real broker."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, NewTopic
from kafka.errors import TopicAuthorizationFailedError

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


def test_a_changed_limit_reaches_topics_that_exist(changeable_broker: EmbeddedKafka) -> None:
    settings = TopicsSettings(kafka_bootstrap_servers=changeable_broker.bootstrap_servers, max_image_bytes=1_000_000)
    ensure_topics(settings)
    ensure_topics(settings)
    with _admin(changeable_broker) as admin:
        assert _config(admin, "images")["max.message.bytes"] == str(settings.record_limit)


def test_a_topic_with_too_few_partitions_is_refused_by_name(changeable_broker: EmbeddedKafka) -> None:
    with _admin(changeable_broker) as admin:
        admin.delete_topics(["images"])
        admin.create_topics([NewTopic("images", 1, 1)], wait_for_metadata=True)
    with pytest.raises(TopicsError, match="images has 1 partitions"):
        ensure_topics(TopicsSettings(kafka_bootstrap_servers=changeable_broker.bootstrap_servers))


def test_a_topic_with_too_few_replicas_is_refused_before_anything_changes(changeable_broker: EmbeddedKafka) -> None:
    """The job asked for two in-sync replicas of topics that have one: from then on nobody could write."""
    settings = TopicsSettings(kafka_bootstrap_servers=changeable_broker.bootstrap_servers)
    more = settings.model_copy(update={"topics_replication_factor": 3, "topics_min_insync_replicas": 2})
    with pytest.raises(TopicsError, match=r"topic .* has 1 replicas of a partition, SIGHTLINE_TOPICS_REPLICATION_FACT"):
        ensure_topics(more)
    with _admin(changeable_broker) as admin:
        for topic in load_topics(settings.max_image_bytes):
            assert _config(admin, topic.name)["min.insync.replicas"] == "1"


def test_what_kafka_refuses_is_one_line(changeable_broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a traceback."""

    def refused(*_: object, **__: object) -> None:
        raise TopicAuthorizationFailedError("images")

    monkeypatch.setattr(KafkaAdminClient, "describe_configs", refused)
    with pytest.raises(TopicsError, match=r"refuses: .*TopicAuthorizationFailed"):
        ensure_topics(TopicsSettings(kafka_bootstrap_servers=changeable_broker.bootstrap_servers))


def test_a_cluster_that_never_answers_is_an_error_that_names_it() -> None:
    with pytest.raises(TopicsError, match=r"127\.0\.0\.1:1 does not answer"):
        ensure_topics(TopicsSettings(kafka_bootstrap_servers="127.0.0.1:1", topics_deadline_s=1))
