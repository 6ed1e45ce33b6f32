"""From a source's columns to image records as the engine takes them, and from its result rows to columns. No I/O."""

from typing import Final, Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

_PREDICTION: Final = "struct<index: int, label: string, probability: double>"
_DOCUMENT: Final = (
    "id string, status string, model struct<name: string, version: string>, precision string,"
    f" predictions array<{_PREDICTION}>, stream string, name string, source string, trace_id string, accepted_at long,"
    " classified_at long, timing_ms struct<queue: double, decode: double, inference: double>,"
    " error struct<code: string, detail: string>"
)


def image_records(images: DataFrame, source: str) -> DataFrame:
    """Records as Kafka's source gives them, of the columns `name` (string) and `content` (binary), either may be null.

    The name takes the topic's place, which comes back with the result. The id is `image_id_from_key(source, name,
    content)`: whoever classifies the same image under the same name again gets the same id.
    """
    name, content = f.coalesce("name", f.lit("")), f.coalesce("content", f.lit(b""))
    headers = [_header("source", f.lit(source)), _header("name", name)]
    return images.select(
        f.encode(image_id(source, name, content), "UTF-8").alias("key"),
        content.alias("value"),
        name.alias("topic"),
        f.lit(0).alias("partition"),
        f.lit(0).cast("long").alias("offset"),
        f.current_timestamp().alias("timestamp"),
        f.array(*headers).alias("headers"),
    )


def image_id(namespace: str, key: Column, content: Column) -> Column:
    """`sightline_contracts.ids.image_id_from_key` as an expression."""
    of_key = f.sha2(f.concat(f.lit(f"{len(namespace)}:{namespace}"), key), 256)
    digits = f.concat(f.substring(of_key, 1, 20), f.substring(f.sha2(content, 256), 1, 12))
    variant = f.translate(f.substring(digits, 17, 1), "0123456789abcdef", "89ab89ab89ab89ab")
    return f.concat_ws(
        "-",
        f.substring(digits, 1, 8),
        f.substring(digits, 9, 4),
        f.concat(f.lit("8"), f.substring(digits, 14, 3)),
        f.concat(variant, f.substring(digits, 18, 3)),
        f.substring(digits, 21, 12),
    )


def of_one_model(records: DataFrame) -> DataFrame:
    """The records without the model that each may ask for, so that the default one takes all."""
    return records.withColumn("headers", f.filter("headers", lambda header: header["key"] != "model"))


class Outcomes(Protocol):
    """What the engine's rows mean for images of one kind of source."""

    def columns(self, results: DataFrame) -> DataFrame:
        """The columns that people read, of result rows: see docs/backfill.md."""

    def records(self, rows: DataFrame, is_result: Column) -> DataFrame:
        """Of all rows, what is written to Kafka."""

    def are_all(self, found: int, expected: int) -> bool:
        """Whether so many results are those of a whole piece."""


class StoredOutcomes:
    """Of files and rows of tables: they are in no topic, where the engine thinks them is their name."""

    def columns(self, results: DataFrame) -> DataFrame:
        """See Outcomes."""
        nowhere = f.lit(None).cast("struct<topic: string, partition: int, offset: long>")
        return _result_columns(results, f.col("origin")["origin-topic"], nowhere)

    def records(self, rows: DataFrame, is_result: Column) -> DataFrame:
        """See Outcomes: no dead letters, as a file is not lost."""
        return rows.where(is_result).withColumn(
            "headers", f.filter("headers", lambda header: ~f.startswith(header["key"], f.lit("origin-")))
        )

    def are_all(self, found: int, expected: int) -> bool:
        """See Outcomes."""
        return found == expected


class TopicOutcomes:
    """Of records of a topic."""

    def columns(self, results: DataFrame) -> DataFrame:
        """See Outcomes."""
        origin = f.struct(
            f.col("origin")["origin-topic"].alias("topic"),
            f.col("origin")["origin-partition"].cast("int").alias("partition"),
            f.col("origin")["origin-offset"].cast("long").alias("offset"),
        )
        return _result_columns(results, f.col("result.name"), origin)

    def records(self, rows: DataFrame, is_result: Column) -> DataFrame:  # noqa: ARG002 - Outcomes'
        """See Outcomes: dead letters as well, as the classifier writes them."""
        return rows

    def are_all(self, found: int, expected: int) -> bool:
        """See Outcomes: a topic may hold fewer records than offsets."""
        return found <= expected


def _result_columns(results: DataFrame, name: Column, origin: Column) -> DataFrame:
    headers = f.map_from_entries(f.transform("headers", lambda h: f.struct(h["key"], h["value"].cast("string"))))
    parsed = results.select(
        f.from_json(f.decode("value", "UTF-8"), _DOCUMENT).alias("result"),
        headers.alias("origin"),
    )
    first = f.col("result.predictions")[0]
    model = f.concat_ws("@", f.col("result.model.name"), f.col("result.model.version"))
    return parsed.select(
        f.col("result.id").alias("id"),
        name.alias("name"),
        first["label"].alias("label"),
        first["probability"].alias("probability"),
        f.col("result.predictions").alias("top"),
        model.alias("model"),
        f.col("result.precision").alias("precision"),
        f.col("result.error").alias("error"),
        f.col("result.stream").alias("stream"),
        origin.alias("origin"),
        f.struct("result.timing_ms.decode", "result.timing_ms.inference").alias("timing_ms"),
        f.timestamp_millis("result.classified_at").alias("classified_at"),
    )


def _header(key: str, value: Column) -> Column:
    return f.struct(f.lit(key).alias("key"), f.encode(value, "UTF-8").alias("value"))
