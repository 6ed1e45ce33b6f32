"""The query as a pure function: a frame of image records in, an unstarted writer out."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from sightline_spark.cluster import memory_bytes
from sightline_spark.kafka import kafka_options, without_old_reader
from sightline_spark.settings import ClassifierSettings
from sightline_spark.tracing import TraceOptions

QUERY_NAME = "classifier"

# After each poll Spark asks for the partition's offsets on the same connection, where the broker still holds back the
# consumer's next fetch for up to this long: Kafka's 500 ms would be on every image's way. Under the continuous trigger
# consumers poll all the time, so less than this wastes the processor on empty fetches.
_FETCH_WAIT_MS: Final = {"processing": 1, "continuous": 5}
_PRODUCER_BUFFER_BYTES: Final = 32 * 1024 * 1024

# A consumer holds the bytes of a fetch, the records made of the fetch before, and prefetches a third: more a fetch is
# memory for each partition, less is more round trips. A larger record still comes, in a fetch of its own.
_FETCH_BYTES: Final = 4 * 1024 * 1024
_POLL_RECORDS: Final = 2000  # of small images: after each poll Spark asks twice for offsets
_FIRST_BATCH: Final = 256  # images of the first micro-batch, before anybody knows how fast they are
_SMALLEST_BATCH: Final = 16  # images: fewer, and what a micro-batch costs of itself is all there is


@dataclass(frozen=True, slots=True)
class ShadowOptions:
    """The model that is compared with the default one, and for which share of the images."""

    model: str
    share: float

    @classmethod
    def of(cls, settings: ClassifierSettings) -> Self | None:
        """As the settings have it; None: none."""
        if settings.classifier_shadow is None:
            return None
        return cls(settings.classifier_shadow, settings.classifier_shadow_share)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the engine is told; the fields of Java's `StreamOptions`."""

    models_dir: str
    default_model: str
    results_topic: str
    dead_letters_topic: str
    max_image_bytes: int
    record_limit: int
    max_pixels: int
    batch_sizes: tuple[int, ...]
    engine: str
    precision: str
    batch_size: int
    cache_dir: str
    tracing: TraceOptions | None
    model_memory: int
    shadow: ShadowOptions | None

    @classmethod
    def of(cls, settings: ClassifierSettings) -> Self:
        """The engine's part of the settings, and OpenTelemetry's variables.

        Under the continuous trigger a task waits for the next record, so a batch is one image there.
        """
        continuous = settings.classifier_trigger == "continuous"
        return cls(
            models_dir=str(settings.models_dir.resolve()),
            default_model=settings.default_model,
            results_topic=settings.classifier_results_topic,
            dead_letters_topic=settings.classifier_dead_letters_topic,
            max_image_bytes=settings.max_image_bytes,
            record_limit=settings.record_limit,
            max_pixels=settings.max_pixels,
            batch_sizes=settings.classifier_batch_sizes,
            engine=settings.classifier_engine,
            precision=settings.classifier_precision,
            batch_size=1 if continuous else max(settings.classifier_batch_sizes),
            cache_dir=str(settings.cache_dir.resolve()),
            tracing=TraceOptions.of(os.environ),
            model_memory=memory_bytes(settings.classifier_model_memory),
            shadow=ShadowOptions.of(settings),
        )

    def to_json(self) -> str:
        """As the engine reads it."""
        return json.dumps(asdict(self))


def preload(spark: SparkSession, options: EngineOptions) -> str:
    """Load and compile the default model in the driver's JVM; returns its name@version.

    Raises:
        Py4JJavaError: it cannot be used; the Java exception's message says why.
    """
    return str(_engine(spark).StreamClassifier.preload(options.to_json()))


def classify(images: DataFrame, options: EngineOptions) -> DataFrame:
    """Rows (topic, key, value, headers) for the Kafka sink from rows as the Kafka source gives them.

    Works on a batch frame and on a streaming one; see `StreamClassifier.classify` for the columns.
    """
    spark = images.sparkSession
    return DataFrame(_engine(spark).StreamClassifier.classify(images._jdf, options.to_json()), spark)  # noqa: SLF001 - py4j's door


def read_images(spark: SparkSession, settings: ClassifierSettings) -> DataFrame:
    """The streaming frame of the image topic, from its beginning where there is no checkpoint yet."""
    options = {
        "subscribe": settings.classifier_images_topic,
        "startingOffsets": "earliest",
        "includeHeaders": "true",
        "failOnDataLoss": "true",
        "kafka.fetch.max.bytes": str(_FETCH_BYTES),
        "kafka.max.partition.fetch.bytes": str(_FETCH_BYTES),
        "kafka.max.poll.records": str(_POLL_RECORDS),
        "kafka.fetch.max.wait.ms": str(_FETCH_WAIT_MS[settings.classifier_trigger]),
        **kafka_options(settings),
    }
    if settings.classifier_trigger == "processing":
        options["maxOffsetsPerTrigger"] = str(_first_batch(settings))
        options["minPartitions"] = str(settings.tasks_per_batch)
    return without_old_reader(spark.readStream.format("kafka").options(**options).load())


def write_results(rows: DataFrame, settings: ClassifierSettings) -> DataStreamWriter:
    """The writer to Kafka, not started: each row goes to the topic that it names."""
    options = {
        "checkpointLocation": str(settings.classifier_checkpoint_dir.resolve()),
        "kafka.acks": "all",
        "kafka.enable.idempotence": "true",
        "kafka.linger.ms": "0",
        # Above the topics' own limit: what is too large for a topic is answered there, with a record's name.
        "kafka.max.request.size": str(settings.record_limit + 1024 * 1024),
        # A record above the producer's whole buffer would fail its batch for ever: Kafka's default is 32 MiB.
        "kafka.buffer.memory": str(max(_PRODUCER_BUFFER_BYTES, 2 * settings.record_limit)),
        **kafka_options(settings),
    }
    writer = rows.writeStream.format("kafka").queryName(QUERY_NAME).outputMode("append")
    return _paced(writer.options(**options), settings)


def build_query(images: DataFrame, settings: ClassifierSettings) -> DataStreamWriter:
    """From the frame of images to the writer, ready to start."""
    return write_results(classify(images, EngineOptions.of(settings)), settings)


def pace(spark: SparkSession, query: StreamingQuery, settings: ClassifierSettings) -> None:
    """Fit the steps of a started micro-batch query to what there is to do; see `QueryPacing`."""
    _engine(spark).QueryPacing.attach(
        query._jsq,  # noqa: SLF001 - py4j's door
        _first_batch(settings),
        settings.classifier_max_offsets_per_trigger,
        _SMALLEST_BATCH,
        settings.classifier_batch_target_ms,
        settings.classifier_idle_polling_ms,
    )


def stop_after_batch(spark: SparkSession, query: StreamingQuery) -> None:
    """Ask the query to begin no further micro-batch; returns at once. A continuous query is interrupted by `stop()`."""
    _engine(spark).QueryStop.afterBatch(query._jsq)  # noqa: SLF001 - py4j's door


def _first_batch(settings: ClassifierSettings) -> int:
    return min(_FIRST_BATCH, settings.classifier_max_offsets_per_trigger)


def _engine(spark: SparkSession) -> Any:
    jvm: Any = spark._jvm  # noqa: SLF001 - py4j's door
    return jvm.io.sightline.engine.stream


def _paced(writer: DataStreamWriter, settings: ClassifierSettings) -> DataStreamWriter:
    interval = f"{settings.classifier_checkpoint_interval_ms} milliseconds"
    if settings.classifier_trigger == "continuous":
        return writer.trigger(continuous=interval)
    asynchronous = {
        "asyncProgressTrackingEnabled": "true",
        "asyncProgressTrackingCheckpointIntervalMs": str(settings.classifier_checkpoint_interval_ms),
    }
    every = f"{settings.classifier_trigger_interval_ms} milliseconds"
    return writer.options(**asynchronous).trigger(processingTime=every)
