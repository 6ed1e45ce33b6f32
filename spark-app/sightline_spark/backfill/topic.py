"""The image topic as a source: a range of offsets or of time."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Final, Self

from kafka import KafkaAdminClient, TopicPartition
from pyspark.sql import DataFrame, SparkSession

from sightline_spark.backfill.errors import Refused
from sightline_spark.backfill.ledger import Ledger
from sightline_spark.backfill.rows import Outcomes, TopicOutcomes, of_one_model
from sightline_spark.backfill.work import Entry, Piece, offsets_left
from sightline_spark.kafka import kafka_options
from sightline_spark.offsets import asking, ends_of, offsets_at
from sightline_spark.settings import ClassifierSettings
from sightline_spark.span import Edge, Span, SpanError

_GROUP: Final = "spark-kafka-source"  # as for the classifier: what its user on a secured Kafka has a right to
PATIENCE_MS: Final = 10_000  # with Kafka
_FETCH_BYTES: Final = 4 * 1024 * 1024  # as the classifier: more is memory for each task


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is now: Kafka's id of it, and by partition its first offset, the asked run's begin and its end."""

    identity: str
    runs: Mapping[int, tuple[int, int, int]]

    @classmethod
    def read(cls, settings: ClassifierSettings, span: Span) -> Self:
        """Ask Kafka.

        Raises:
            Refused: the span is of another topic, or of a partition that this one lacks.
            ClassifierError: Kafka does not answer, or has no such topic.
        """
        name = settings.classifier_images_topic
        with _refusing():
            span.refuse_others([name])
        with asking(settings, [name], "backfill", PATIENCE_MS) as (admin, [topic]):
            ends = ends_of(admin, topic)
            found = [_since(admin, name, ends, edge.time_ms) for edge in (span.start, span.end)]
        with _refusing():
            begin = {number: first for number, (first, _) in ends.items()} | at_edge(span.start, name, ends, found[0])
            until = {number: end for number, (_, end) in ends.items()} | at_edge(span.end, name, ends, found[1])
        runs = {number: (ends[number][0], begin[number], max(begin[number], until[number])) for number in ends}
        return cls(str(topic["topic_id"]), runs)


def at_edge(edge: Edge, topic: str, ends: Mapping[int, tuple[int, int]], found: Mapping[int, int]) -> dict[int, int]:
    """The offsets of an edge by partition; those that are left out are the partition's own end.

    `ends` has each partition's first and next offset, `found` the first one at or after the edge's time; -1: nothing
    came since. Offsets of the topic come before a time for all.

    Raises:
        SpanError: the topic has no such partition.
    """
    if topic in edge.offsets:
        return edge.within(topic, ends)
    return {number: ends[number][1] if at < 0 else max(at, ends[number][0]) for number, at in found.items()}


def assignments(topic: str, entries: Iterable[Entry]) -> Iterator[dict[str, str]]:
    """Spark's options assign, startingOffsets and endingOffsets for runs of offsets of a topic.

    One reading takes one run of a partition, so further runs are further readings.
    """
    waiting = list(entries)
    while waiting:
        taken: dict[str, Entry] = {}
        later = []
        for entry in waiting:
            if entry.name in taken:
                later.append(entry)
            else:
                taken[entry.name] = entry
        waiting = later
        yield {
            "assign": json.dumps({topic: [int(name) for name in taken]}),
            "startingOffsets": json.dumps({topic: {name: entry.begin for name, entry in taken.items()}}),
            "endingOffsets": json.dumps({topic: {name: entry.until for name, entry in taken.items()}}),
        }


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except SpanError as error:
        raise Refused(str(error)) from error


def _since(admin: KafkaAdminClient, topic: str, partitions: Iterable[int], time_ms: int | None) -> dict[int, int]:
    if time_ms is None:
        return {}
    places = [TopicPartition(topic, number) for number in partitions]
    return {place.partition: offset for place, offset in offsets_at(admin, places, time_ms).items()}


@dataclass(frozen=True, slots=True)
class Models:
    """Which model a record of the topic gets: its choice, and the name of it in a job."""

    name: str
    choose: Callable[[DataFrame], DataFrame]


EACH_ITS_OWN: Final = Models("each image's own", lambda records: records)  # as with the classifier
ONE_FOR_ALL: Final = Models("one", of_one_model)


class ImageTopic:
    """Images that are in Kafka."""

    outcomes: Outcomes = TopicOutcomes()

    def __init__(
        self, spark: SparkSession, settings: ClassifierSettings, state: TopicState, models: Models, piece_images: int
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._state = state
        self._piece_images = piece_images
        self._models = models

    @property
    def identity(self) -> dict[str, str]:
        """See Source. A topic that was made anew is another one, whose offsets mean nothing in the first."""
        topic = f"topic {self._settings.classifier_images_topic} {self._state.identity}"
        return {"source": topic, "models": self._models.name}

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
        return self._models.choose(records)

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
