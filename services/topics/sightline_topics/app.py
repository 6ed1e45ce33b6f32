"""Create what is missing, bring settings up to date, refuse what cannot be changed."""

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import AlterConfigOp, ConfigResource, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from sightline_contracts.topics import Topic, load_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import JobSettings, TopicsSettings

log = logging.getLogger(__name__)

_BOOTSTRAP_TIMEOUT_MS: Final = 5_000


def ensure_topics(settings: TopicsSettings) -> None:
    """Make the cluster's topics match the contracts. Running it again changes nothing.

    Raises:
        TopicsError: Kafka did not answer in time, or a topic has too few partitions to be mended safely.
    """
    topics = load_topics(
        settings.max_image_bytes,
        replication_factor=settings.topics_replication_factor,
        min_insync_replicas=settings.topics_min_insync_replicas,
    )
    with closing(connect(settings)) as admin:
        found = {topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in topics])}
        for topic in topics:
            if found[topic.name]["error_code"] == 0:
                _check(admin, topic, found[topic.name])
            else:
                _create(admin, topic)


def connect(settings: JobSettings) -> KafkaAdminClient:
    """An admin client, once Kafka answers.

    Raises:
        TopicsError: it did not in time.
    """
    deadline = time.monotonic() + settings.topics_deadline_s
    while True:
        try:
            return KafkaAdminClient(
                **settings.client_options(), client_id="topics", bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS
            )
        except KafkaError as error:
            if time.monotonic() > deadline:
                raise TopicsError(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}") from error
            log.info("waiting for Kafka at %s: %s", settings.kafka_bootstrap_servers, error)


def _create(admin: KafkaAdminClient, topic: Topic) -> None:
    new = NewTopic(topic.name, topic.partitions, topic.replication_factor, topic_configs=dict(topic.config))
    try:
        admin.create_topics([new], wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another copy of this job was faster
        return
    except KafkaError as error:
        raise TopicsError(f"topic {topic.name} cannot be created: {error}") from error
    log.info("created topic %s with %d partitions", topic.name, topic.partitions)


def _check(admin: KafkaAdminClient, topic: Topic, found: Mapping[str, Any]) -> None:
    partitions = len(found["partitions"])
    if partitions < topic.partitions:
        raise TopicsError(
            f"topic {topic.name} has {partitions} partitions, the contract says {topic.partitions}: add them by hand"
            " when its streams may change partition, for example with kafka-topics.sh --alter"
        )
    drift = _drift(admin, topic)
    if drift:
        resource = ConfigResource("TOPIC", topic.name, configs={k: (AlterConfigOp.SET, v) for k, v in drift.items()})
        admin.alter_configs([resource])
        log.info("updated topic %s: %s", topic.name, drift)


def _drift(admin: KafkaAdminClient, topic: Topic) -> dict[str, str]:
    described = admin.describe_configs([ConfigResource("TOPIC", topic.name)], config_filter="all")
    now = described["topic"][topic.name]
    return {key: value for key, value in topic.config.items() if now[key]["value"] != value}
