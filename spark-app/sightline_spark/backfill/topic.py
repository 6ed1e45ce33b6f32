"""The image topic as a source: a range of offsets or of time."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Self

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from pyspark.sql import DataFrame, SparkSession

from sightline_common.kafka_topics import trouble
from sightline_spark.backfill.errors import BackfillError, Refused
from sightline_spark.backfill.ledger import Ledger
from sightline_spark.backfill.ranges import Bound, assignments
from sightline_spark.backfill.rows import of_one_model
from sightline_spark.backfill.work import Entry, Piece, offsets_left
from sightline_spark.kafka import kafka_options
from sightline_spark.offsets import offsets_at
from sightline_spark.settings import ClassifierSettings

_GROUP: Final = "spark-kafka-source"  # as for the classifier: what its user on a secured Kafka has a right to
_TIMEOUT_MS: Final = 10_000
_FETCH_BYTES: Final = 4 * 1024 * 1024  # as the classifier: more is memory for each task


@contextmanager
def checked_topics(settings: ClassifierSettings, names: list[str]) -> Iterator[tuple[KafkaAdminClient, list[Any]]]:
    """A client of Kafka, and how Kafka describes the topics `names`, all of which it has.

    Raises:
        BackfillError: Kafka does not answer, or lacks one.
    """
    try:
        timeouts = {"bootstrap_timeout_ms": _TIMEOUT_MS, "request_timeout_ms": _TIMEOUT_MS}
        with closing(KafkaAdminClient(**settings.client_options(), client_id="backfill", **timeouts)) as admin:
            topics = admin.describe_topics(names)
            lacking = trouble(*topics)
            if lacking is not None:
                raise BackfillError(f"Kafka: {lacking}")
            yield admin, topics
    except KafkaError as error:
        raise BackfillError(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}") from error


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is now: Kafka's id of it, and by partition its first offset, the asked run's begin and its end."""

    identity: str
    runs: Mapping[int, tuple[int, int, int]]

    @classmethod
    def read(cls, settings: ClassifierSettings, begin: Bound, until: Bound) -> Self:
        """Ask Kafka.

        Raises:
            BackfillError: Kafka does not answer, or has no such topic.
        """
        name = settings.classifier_images_topic
        with checked_topics(settings, [name]) as (admin, [topic]):
            numbers = [partition["partition_index"] for partition in topic["partitions"]]
            return cls(str(topic["topic_id"]), _runs(admin, name, numbers, (begin, until)))


def _runs(
    admin: KafkaAdminClient, topic: str, numbers: list[int], bounds: tuple[Bound, Bound]
) -> dict[int, tuple[int, int, int]]:
    places = [TopicPartition(topic, number) for number in numbers]

    def at(spec: Any) -> dict[int, int]:
        return {place.partition: offset for place, offset in offsets_at(admin, places, spec).items()}

    first, end = at(OffsetSpec.EARLIEST), at(OffsetSpec.LATEST)
    begin, until = (
        bound.offsets(first, end, at(bound.time_ms) if bound.time_ms is not None else {}) for bound in bounds
    )
    return {number: (first[number], begin[number], max(begin[number], until[number])) for number in numbers}


class ImageTopic:
    """Images that are in Kafka."""

    from_topic = True

    def __init__(
        self, spark: SparkSession, settings: ClassifierSettings, state: TopicState, piece_images: int, *, own: bool
    ) -> None:
        """`own`: each image by the model that it asks for, as the classifier does."""
        self._spark = spark
        self._settings = settings
        self._state = state
        self._piece_images = piece_images
        self._own = own

    @property
    def identity(self) -> dict[str, str]:
        """See Source. A topic that was made anew is another one, whose offsets mean nothing in the first."""
        models = "each image's own" if self._own else "one"
        return {"source": f"topic {self._settings.classifier_images_topic} {self._state.identity}", "models": models}

    def left(self, ledger: Ledger) -> Iterator[Entry]:
        """See Source: runs of offsets, by partition."""
        known = ledger.known()
        rows = [] if known is None else known.select("name", "images", "begin").collect()
        entries = [Entry(row["name"], row["images"], begin=row["begin"]) for row in rows]
        runs = sorted(self._state.runs.items())
        wanted = [Entry(str(number), end - begin, begin=begin) for number, (_, begin, end) in runs]
        return offsets_left(wanted, entries, self._piece_images)

    def records(self, ledger: Ledger, piece: Piece) -> DataFrame:  # noqa: ARG002 - Source's
        """See Source.

        Raises:
            BackfillError: some of them are no longer in Kafka.
        """
        for entry in piece.entries:
            first = self._state.runs[int(entry.name)][0]
            if entry.begin < first:
                raise Refused(
                    f"Kafka has deleted images of this backfill, up to offset {first} of partition {entry.name}:"
                    " their time of retention has passed; begin another backfill for the rest"
                )
        topic = self._settings.classifier_images_topic
        frames = [self._read(run) for run in assignments(topic, piece.entries)]
        records = reduce(DataFrame.unionByName, frames)
        return records if self._own else of_one_model(records)

    def unreadable(self) -> dict[str, str]:
        """See Source: Kafka gives all or nothing."""
        return {}

    def _read(self, run: dict[str, str]) -> DataFrame:
        options = {
            **run,
            "includeHeaders": "true",
            "groupIdPrefix": _GROUP,
            "failOnDataLoss": "true",
            "minPartitions": str(self._settings.tasks_per_batch),
            "kafka.fetch.max.bytes": str(_FETCH_BYTES),
            "kafka.max.partition.fetch.bytes": str(_FETCH_BYTES),
            **kafka_options(self._settings),
        }
        return self._spark.read.format("kafka").options(**options).load()
