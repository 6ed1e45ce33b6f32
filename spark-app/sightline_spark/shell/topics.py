"""Kafka's topics as tables of a Spark session."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pyspark.sql import SparkSession

from sightline_spark.kafka import kafka_options
from sightline_spark.offsets import asking, ends_of
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell.tables import TABLES, records_view, statement
from sightline_spark.span import Span

_GROUP: Final = "spark-kafka-source"  # as for the classifier: what users of a secured Kafka have a right to
_PATIENCE_MS: Final = 4000  # a broker on the way to another one answers later; longer, and people wait for a prompt
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
    span.refuse_others(topics)
    asked = {*span.start.offsets, *span.end.offsets}
    with asking(settings, topics, "shell", _PATIENCE_MS) as (admin, described):
        ends = {topic["name"]: ends_of(admin, topic) for topic in described if topic["name"] in asked}
        connection = kafka_options(settings)
    ranges = {topic: source_range(topic, span, ends.get(topic, {})) for topic in topics}
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
            offsets = dict.fromkeys(sorted(ends), rest) | edge.within(topic, ends)
            options[f"{name}Offsets"] = json.dumps({topic: {str(number): at for number, at in offsets.items()}})
            options.pop(f"{name}Timestamp", None)  # Spark takes a time before offsets
    return options


def _fixed(topic: str) -> dict[str, str]:
    return {
        "subscribe": topic,
        "includeHeaders": "true",
        "groupIdPrefix": _GROUP,
        "failOnDataLoss": "false",  # what Kafka deletes while a query runs is missing from it: no reason to fail
    }
