"""What the classifier asks Kafka about its topics' offsets."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, OffsetSpec
from kafka.errors import KafkaConfigurationError, KafkaError, TopicAuthorizationFailedError, for_code

from sightline_common.kafka_topics import trouble
from sightline_common.kafka_words import in_words
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings

_TIMEOUT_MS: Final = 5000


@dataclass(frozen=True, slots=True)
class Offsets:
    """First and end offset of the image topic's partitions, the dead-letter topic's length, and images' retention.

    `retention_bytes` is of one partition; what has no limit is infinite.
    """

    images: Mapping[int, tuple[int, int]]
    dead_letters: int
    retention_s: float
    retention_bytes: float


class OffsetReader:
    """A connection to Kafka that answers for offsets. Every call raises KafkaError when there is no answer."""

    def __init__(self, settings: ClassifierSettings) -> None:
        self._images = settings.classifier_images_topic
        self._dead_letters = settings.classifier_dead_letters_topic
        self._admin = KafkaAdminClient(
            **settings.client_options(),
            client_id="classifier-backlog",
            bootstrap_timeout_ms=_TIMEOUT_MS,
            request_timeout_ms=_TIMEOUT_MS,
        )

    def close(self) -> None:
        """Disconnect."""
        self._admin.close()

    def read(self) -> Offsets:
        """Everything at once."""
        topics = {topic["name"]: topic for topic in self._admin.describe_topics([self._images, self._dead_letters])}
        images, letters = (_partitions(topics[name]) for name in (self._images, self._dead_letters))
        first = offsets_at(self._admin, images, OffsetSpec.EARLIEST)
        end = offsets_at(self._admin, [*images, *letters], OffsetSpec.LATEST)
        retention_ms, retention_bytes = self._retention()
        return Offsets(
            images={place.partition: (first[place], end[place]) for place in images},
            dead_letters=sum(end[place] for place in letters),
            retention_s=retention_ms / 1000,
            retention_bytes=retention_bytes,
        )

    def any_older(self, positions: Mapping[int, int], age_s: float) -> bool:
        """Whether a record at one of the `positions`, which must exist, came over `age_s` seconds ago."""
        since_ms = int((time.time() - age_s) * 1000)
        places = {TopicPartition(self._images, number): offset for number, offset in positions.items()}
        first = offsets_at(self._admin, places, since_ms)  # -1: nothing has come since
        return any(first[place] < 0 or first[place] > offset for place, offset in places.items())

    def _retention(self) -> tuple[float, float]:
        """In milliseconds and in bytes of a partition."""
        described = self._admin.describe_configs([ConfigResource("TOPIC", self._images)], config_filter="all")
        found = described["topic"].get(self._images, {})
        if not {"retention.ms", "retention.bytes"} <= found.keys():  # the broker leaves out what a user may not see
            raise TopicAuthorizationFailedError(f"this user lacks DescribeConfigs on topic {self._images}")
        return _limit(found["retention.ms"]["value"]), _limit(found["retention.bytes"]["value"])


@contextmanager
def asking(
    settings: ClassifierSettings, topics: Iterable[str], client: str, patience_ms: int
) -> Iterator[tuple[KafkaAdminClient, list[dict[str, Any]]]]:
    """A client of Kafka, named `client`, and how Kafka describes these topics, all of which it has.

    Raises:
        ClassifierError: Kafka cannot be used, now or within the block, or lacks a topic.
    """
    place = f"Kafka at {settings.kafka_bootstrap_servers}"
    timeouts = {"bootstrap_timeout_ms": patience_ms, "request_timeout_ms": patience_ms}
    try:
        with closing(KafkaAdminClient(**settings.client_options(), client_id=client, **timeouts)) as admin:
            described = admin.describe_topics(list(topics))
            lacking = trouble(*described)
            if lacking is not None:
                raise ClassifierError(f"{place}: {lacking}")
            yield admin, described
    except (KafkaError, KafkaConfigurationError, OSError) as error:
        raise ClassifierError(f"{place}: {in_words(error)}") from error


def ends_of(admin: KafkaAdminClient, topic: dict[str, Any]) -> dict[int, tuple[int, int]]:
    """First and next offset by partition of a topic as Kafka describes it. Raises KafkaError."""
    places = _partitions(topic)
    first, end = offsets_at(admin, places, OffsetSpec.EARLIEST), offsets_at(admin, places, OffsetSpec.LATEST)
    return {place.partition: (first[place], end[place]) for place in places}


def offsets_at(admin: KafkaAdminClient, places: Iterable[TopicPartition], spec: Any) -> dict[TopicPartition, int]:
    """The offset of each partition that `spec` stands for: an `OffsetSpec`, or the first record since a Unix time (ms).

    -1 where nothing has come since. Raises KafkaError when there is no answer.
    """
    found = admin.list_partition_offsets(dict.fromkeys(places, spec))
    return {place: there.offset for place, there in found.items()}


def _limit(value: str) -> float:
    """A limit of Kafka's, where -1 is none."""
    return math.inf if int(value) < 0 else int(value)


def _partitions(topic: dict[str, Any]) -> list[TopicPartition]:
    lacking = trouble(topic)
    if lacking is not None:
        raise for_code(topic["error_code"])(lacking)
    return [TopicPartition(topic["name"], partition["partition_index"]) for partition in topic["partitions"]]
