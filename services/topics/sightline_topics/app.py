"""Create what is missing, bring settings up to date, refuse what cannot be changed."""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import AlterConfigOp, ConfigResource, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from sightline_common.kafka_topics import is_absent, trouble
from sightline_contracts.topics import Topic, load_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import JobSettings, TopicsSettings

log = logging.getLogger(__name__)

_BOOTSTRAP_TIMEOUT_MS: Final = 5_000


def ensure_topics(settings: TopicsSettings) -> None:
    """Make the cluster's topics match the contracts. Running it again changes nothing.

    Raises:
        TopicsError: Kafka did not answer in time or refused, or a topic has too few partitions or replicas, which
            only its operator can add safely.
    """
    topics = load_topics(
        settings.max_image_bytes,
        replication_factor=settings.topics_replication_factor,
        min_insync_replicas=settings.topics_min_insync_replicas,
    )
    with closing(connect(settings)) as admin:
        try:
            _ensure(admin, topics)
        except KafkaError as error:
            raise TopicsError(f"Kafka at {settings.kafka_bootstrap_servers} refuses: {error}") from error


def _ensure(admin: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    found = {topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in topics])}
    there = [topic for topic in topics if not is_absent(found[topic.name])]
    lacking = trouble(*(found[topic.name] for topic in there))
    if lacking is not None:
        raise TopicsError(lacking)
    for topic in there:  # all of them, before anything is changed
        _check(topic, found[topic.name])
    for topic in topics:
        if topic in there:
            _update(admin, topic)
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


def _check(topic: Topic, found: Mapping[str, Any]) -> None:
    partitions = len(found["partitions"])
    if partitions < topic.partitions:
        raise TopicsError(
            f"topic {topic.name} has {partitions} partitions, the contract says {topic.partitions}: add them by hand"
            " when its streams may change partition, for example with kafka-topics.sh --alter"
        )
    replicas = min(len(partition["replica_nodes"]) for partition in found["partitions"])
    if replicas < topic.replication_factor:
        raise TopicsError(
            f"topic {topic.name} has {replicas} replicas of a partition,"
            f" SIGHTLINE_TOPICS_REPLICATION_FACTOR is {topic.replication_factor}: add them with"
            " kafka-reassign-partitions.sh, or lower the setting"
        )


def _update(admin: KafkaAdminClient, topic: Topic) -> None:
    drift = _drift(admin, topic)
    if drift:
        resource = ConfigResource("TOPIC", topic.name, configs={k: (AlterConfigOp.SET, v) for k, v in drift.items()})
        admin.alter_configs([resource])
        log.info("updated topic %s: %s", topic.name, drift)


def _drift(admin: KafkaAdminClient, topic: Topic) -> dict[str, str]:
    described = admin.describe_configs([ConfigResource("TOPIC", topic.name)], config_filter="all")
    now = described["topic"][topic.name]
    return {key: value for key, value in topic.config.items() if now[key]["value"] != value}
