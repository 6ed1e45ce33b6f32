"""The topics' tables for a session that somebody else made: a notebook's, a script's."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from sightline_spark.errors import ClassifierError
from sightline_spark.kafka import REDACTION
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell.span import Edge, Span, since
from sightline_spark.shell.topics import topic_tables


def add_topics(
    spark: SparkSession,
    *,
    age: str | None = None,
    start: Sequence[str] = (),
    end: Sequence[str] = (),
    settings: ClassifierSettings | None = None,
) -> None:
    """Make the tables `images`, `results` and `dead_letters` of Kafka's topics in `spark`, which `configure` prepared.

    Args:
        spark: its settings of what Spark hides are widened to Kafka's secrets.
        age: as `--since` of sightline-shell, "1h".
        start: as `--from`, times or offsets; not beside `age`.
        end: as `--to`.
        settings: how to reach Kafka; default: the environment's, as for the services.

    Raises:
        ClassifierError: Kafka does not answer, lacks a topic, or the span is none.
    """
    tables = topic_tables(ClassifierSettings() if settings is None else settings, span_of(age, start, end))
    for name, value in REDACTION.items():
        if name.startswith("spark.sql."):
            spark.conf.set(name, value)
    tables.create(spark)


def span_of(age: str | None, start: Sequence[str], end: Sequence[str]) -> Span:
    """The span that options ask for.

    Raises:
        ClassifierError: they contradict each other, or one cannot be read.
    """
    if age is not None and start:
        raise ClassifierError("an age and a beginning are both given: keep one")
    first = Edge.parse(start) if age is None else since(age, datetime.now(UTC))
    return Span(first, Edge.parse(end))
