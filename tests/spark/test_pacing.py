"""A running query fits its steps to its work: longer batches under backlog, fewer looks at Kafka without images."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from sightline_local.kafka import EmbeddedKafka
from sightline_spark.query import build_query, pace, read_images
from sightline_spark.settings import ClassifierSettings
from tests.spark.classifier_process import send
from tests.spark.conftest import MODELS, digit_png

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]

DIGITS = [digit_png(index)[0] for index in range(20)]


@contextmanager
def running(spark: SparkSession, kafka: str, folder: Path, most: int) -> Iterator[StreamingQuery]:
    settings = ClassifierSettings(
        kafka_bootstrap_servers=kafka,
        models_dir=MODELS,
        classifier_checkpoint_dir=folder / "checkpoint",
        classifier_max_offsets_per_trigger=most,
        classifier_batch_target_ms=60_000,
        classifier_idle_polling_ms=40,
    )
    query = build_query(read_images(spark, settings), settings).start()
    try:
        pace(spark, query, settings)
        yield query
    finally:
        query.stop()


def test_a_backlog_makes_batches_longer_and_silence_makes_looks_rarer(
    broker: EmbeddedKafka, spark: SparkSession, tmp_path: Path
) -> None:
    kafka = broker.bootstrap_servers
    send(kafka, DIGITS * 70)
    with running(spark, kafka, tmp_path, most=500) as query:
        _until(lambda: sum(_batches(query)) == 1400)
        assert 240 <= _batches(query)[0] <= 256  # before anybody knows how fast they are; rounded down by partitions
        assert 480 <= max(_batches(query)) <= 500

        _until(lambda: _polling_delay(query) == 40)
        send(kafka, DIGITS[:1])
        _until(lambda: _polling_delay(query) == 2)
        _until(lambda: sum(_batches(query)) == 1401)


def _batches(query: StreamingQuery) -> list[int]:
    return [int(progress["numInputRows"]) for progress in query.recentProgress]


def _polling_delay(query: StreamingQuery) -> int:
    return int(query._jsq.streamingQuery().pollingDelayMs())


def _until(condition: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
