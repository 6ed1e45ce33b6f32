"""Kafka's topics as tables of a Spark session."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaConfigurationError, KafkaError
from pyspark.sql import SparkSession

from sightline_common.kafka_topics import trouble
from sightline_common.kafka_words import in_words
from sightline_spark.errors import ClassifierError
from sightline_spark.kafka import kafka_options
from sightline_spark.offsets import offsets_at
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell.span import EVERY, Edge, Span
from sightline_spark.shell.tables import TABLES, records_view, statement

_GROUP: Final = "spark-kafka-source"  # as for the classifier: what users of a secured Kafka have a right to
_BOOTSTRAP_TIMEOUT_MS: Final = 3000
_TIMEOUT_MS: Final = 5000  # a broker on the way to another one answers later; longer, and people wait for a prompt
_EARLIEST, _LATEST = -2, -1  # Spark's offsets for a partition's own ends


@dataclass(frozen=True, slots=True)
class TopicTables:
    """Options of Spark's Kafka source by table. They hold the password: `repr` does not show them."""

    sources: Mapping[str, Mapping[str, str]] = field(repr=False)

    def to_json(self) -> str:
        """As the engine's `SqlShell` reads it. Holds the password."""
        views = {records_view(table): options for table, options in self.sources.items()}
        return json.dumps({"sources": views, "statements": [statement(table) for table in self.sources]})

    def create(self, spark: SparkSession) -> None:
        """Make the tables in the session, or make them anew. Reads nothing: each query sees what there is then."""
        for table, options in self.sources.items():
            records = spark.read.format("kafka").options(**options).load()
            records.createOrReplaceGlobalTempView(records_view(table))
            spark.sql(statement(table))


def topic_tables(settings: ClassifierSettings, span: Span) -> TopicTables:
    """The tables of the topics, once Kafka has said that it has them.

    Raises:
        ClassifierError: Kafka does not answer, or lacks a topic, or a partition that the span names.
    """
    topics = (
        settings.classifier_images_topic,
        settings.classifier_results_topic,
        settings.classifier_dead_letters_topic,
    )
    _refuse_unknown(span, topics)
    try:
        ranges = _ranges(settings, span, topics)
        connection = kafka_options(settings)
    except (KafkaError, KafkaConfigurationError, OSError) as error:
        raise ClassifierError(f"Kafka at {settings.kafka_bootstrap_servers}: {in_words(error)}") from error
    named = zip(TABLES, topics, strict=True)
    return TopicTables({table: {**ranges[topic], **_fixed(topic), **connection} for table, topic in named})


def source_range(topic: str, span: Span, ends: Mapping[int, tuple[int, int]]) -> dict[str, str]:
    """The options of Spark's source for the span; `ends` has the first and next offset of each partition.

    Raises:
        ClassifierError: the span names a partition that the topic does not have.
    """
    options = {"startingOffsets": "earliest", "endingOffsets": "latest"}
    if span.start.time_ms is not None:
        options["startingTimestamp"] = str(span.start.time_ms)
        options["startingOffsetsByTimestampStrategy"] = "latest"  # nothing has come since: an empty table, no error
    if span.end.time_ms is not None:
        options["endingTimestamp"] = str(span.end.time_ms)
    for name, edge, rest in (("starting", span.start, _EARLIEST), ("ending", span.end, _LATEST)):
        if topic in edge.offsets:
            options[f"{name}Offsets"] = json.dumps({topic: _offsets(topic, edge, rest, ends)})
            options.pop(f"{name}Timestamp", None)  # Spark takes a time before offsets
    return options


def _offsets(topic: str, edge: Edge, rest: int, ends: Mapping[int, tuple[int, int]]) -> dict[str, int]:
    asked = edge.offsets[topic]
    unknown = sorted(set(asked) - set(ends) - {EVERY})
    if unknown:
        raise ClassifierError(f"topic {topic} has partitions 0 to {len(ends) - 1}, not {unknown[0]}")
    every = asked.get(EVERY, rest)
    return {str(number): _within(asked.get(number, every), *there) for number, there in sorted(ends.items())}


def _within(offset: int, first: int, end: int) -> int:
    """Beyond a partition's ends Spark fails; there is nothing to read."""
    return offset if offset < 0 else min(max(offset, first), end)


def _refuse_unknown(span: Span, topics: Sequence[str]) -> None:
    for name in (*span.start.offsets, *span.end.offsets):
        if name not in topics:
            raise ClassifierError(f"{name} is none of the topics {', '.join(topics)}")


def _fixed(topic: str) -> dict[str, str]:
    return {
        "subscribe": topic,
        "includeHeaders": "true",
        "groupIdPrefix": _GROUP,
        "failOnDataLoss": "false",  # what Kafka deletes while a query runs is missing from it: no reason to fail
    }


def _ranges(settings: ClassifierSettings, span: Span, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    admin = KafkaAdminClient(
        **settings.client_options(),
        client_id="shell",
        bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS,
        request_timeout_ms=_TIMEOUT_MS,
    )
    with closing(admin):
        described: list[dict[str, Any]] = admin.describe_topics(list(topics))
        lacking = trouble(*described)
        if lacking is not None:
            raise ClassifierError(f"Kafka at {settings.kafka_bootstrap_servers}: {lacking}")
        return {topic["name"]: source_range(topic["name"], span, _ends(admin, topic, span)) for topic in described}


def _ends(admin: KafkaAdminClient, topic: Mapping[str, Any], span: Span) -> dict[int, tuple[int, int]]:
    """First and next offset by partition; nothing where the span names none."""
    if topic["name"] not in span.start.offsets and topic["name"] not in span.end.offsets:
        return {}
    places = [TopicPartition(topic["name"], partition["partition_index"]) for partition in topic["partitions"]]
    first, end = offsets_at(admin, places, OffsetSpec.EARLIEST), offsets_at(admin, places, OffsetSpec.LATEST)
    return {place.partition: (first[place], end[place]) for place in places}
