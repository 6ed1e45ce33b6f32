"""The topics' tables for a session that somebody else made: a notebook's, a script's."""

from collections.abc import Sequence

from pyspark.sql import SparkSession

from sightline_spark.kafka import REDACTION
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell.topics import topic_tables
from sightline_spark.span import Span


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
        start: as `--from`, a time or offsets; beside `age` offsets alone.
        end: as `--to`.
        settings: how to reach Kafka; default: the environment's, as for the services.

    Raises:
        ClassifierError: Kafka does not answer, lacks a topic, or the span is none.
    """
    span = Span.parse([*start] if age is None else [age, *start], end)
    tables = topic_tables(ClassifierSettings() if settings is None else settings, span)
    for name, value in REDACTION.items():
        if name.startswith("spark.sql."):
            spark.conf.set(name, value)
    tables.create(spark)
