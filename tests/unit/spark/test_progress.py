"""Spark's progress reports as numbers and lines."""

import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.progress import Progress, ProgressReader

LAST_PROGRESS = "sightline_classifier_last_progress_timestamp_seconds"


def report(batch: int, done: int, rows: int = 3, batch_ms: int = 34) -> dict[str, Any]:
    """As `StreamingQuery.lastProgress` of a Kafka source with two partitions."""
    source = {"endOffset": {"images": {"0": done - 1, "1": 1}}, "numInputRows": rows}
    return {"batchId": batch, "numInputRows": rows, "durationMs": {"triggerExecution": batch_ms}, "sources": [source]}


def test_positions_are_sums_of_offsets() -> None:
    progress = Progress.parse(report(7, 10))

    assert progress.position == 10
    assert (progress.batch, progress.rows, progress.batch_ms) == (7, 3, 34)


def test_offsets_may_come_as_text() -> None:
    progress = Progress.parse({"batchId": 0, "sources": [{"endOffset": '{"images":{"0":4}}'}], "numInputRows": -1})

    assert (progress.position, progress.rows, progress.batch_ms) == (4, 0, None)


def test_images_between_two_polls_are_counted_though_their_reports_were_not_seen() -> None:
    registry = CollectorRegistry()
    moves: list[Mapping[int, int]] = []
    reader = ProgressReader(ClassifierMetrics(registry), moves.append, lambda: 0, log_every_s=10, now=100.0)

    reader.begin(report(0, 102, rows=2))
    assert reader.begun
    assert reader.read(report(1, 103), 102.0) is None
    assert registry.get_sample_value("sightline_classifier_images_total") == 3
    assert moves == [{0: 102, 1: 1}]
    before = time.time()
    line = reader.read(report(9, 203), 112.0)

    assert before <= (registry.get_sample_value(LAST_PROGRESS) or 0) <= time.time()
    assert line == "103 images in 12 s (8.6/s), 0 waiting, last batch 3 in 34 ms"
    assert registry.get_sample_value("sightline_classifier_images_total") == 103
    assert registry.get_sample_value("sightline_classifier_images_per_second") == 10
    assert registry.get_sample_value("sightline_classifier_batch_seconds") == 0.034
    clock = registry.get_sample_value(LAST_PROGRESS)
    assert reader.read(report(9, 203), 130.0) is None  # nothing new: nothing to say
    assert registry.get_sample_value(LAST_PROGRESS) == clock
    assert moves == [{0: 102, 1: 1}, {0: 202, 1: 1}]
    assert registry.get_sample_value("sightline_classifier_images_total") == 103
    assert registry.get_sample_value("sightline_classifier_images_per_second") == 0


def test_the_line_says_what_waits_by_kafkas_offsets() -> None:
    """Spark's own number is of the batch's start, so it was 0 while images waited for the batch to end."""
    waiting: list[int | None] = [31]
    reader = ProgressReader(ClassifierMetrics(CollectorRegistry()), lambda _: None, lambda: waiting[0], 10, now=100.0)
    reader.begin(report(0, 12))
    line = reader.read(report(1, 81, rows=69, batch_ms=11_000), 112.0)
    waiting[0] = None
    unknown = reader.read(report(2, 83, rows=2), 124.0)

    assert line == "72 images in 12 s (6.0/s), 31 waiting, last batch 69 in 11000 ms"
    assert unknown == "2 images in 12 s (0.2/s), last batch 2 in 34 ms"


def test_the_rate_is_the_last_batchs_while_images_wait_for_the_next() -> None:
    """Batches that take longer than the time between two polls gave a rate of 0, and a peak at their end."""
    registry = CollectorRegistry()
    waiting: list[int | None] = [40]
    reader = ProgressReader(ClassifierMetrics(registry), lambda _: None, lambda: waiting[0], 10, now=100.0)
    reader.begin(report(0, 2, rows=0))
    rates: list[float | None] = []

    def read(done: int, now: float) -> None:
        reader.read(report(0 if done == 2 else 1, done, rows=60, batch_ms=12_000), now)
        rates.append(registry.get_sample_value("sightline_classifier_images_per_second"))

    read(62, 112.0)
    read(62, 114.0)
    waiting[0] = 0
    read(62, 116.0)  # the backlog is as old as its last look
    read(62, 118.0)
    waiting[0] = 40
    read(122, 130.0)
    read(122, 429.0)
    read(122, 431.0)  # nothing has ended for minutes: a standstill

    assert rates == [5, 5, 5, 0, 5, 5, 0]
