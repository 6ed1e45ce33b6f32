"""Spark's progress reports as numbers and lines."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.progress import Progress, ProgressReader

LAST_PROGRESS = "sightline_classifier_last_progress_timestamp_seconds"


def report(batch: int, done: int, there: int | None, rows: int = 3) -> dict[str, Any]:
    """As `StreamingQuery.lastProgress` of a Kafka source with two partitions."""
    source: dict[str, Any] = {"endOffset": {"images": {"0": done - 1, "1": 1}}, "numInputRows": rows}
    if there is not None:
        source["latestOffset"] = {"images": {"0": there - 1, "1": 1}}
    return {"batchId": batch, "numInputRows": rows, "durationMs": {"triggerExecution": 34}, "sources": [source]}


def test_positions_are_sums_of_offsets() -> None:
    progress = Progress.parse(report(7, 10, 25))

    assert (progress.position, progress.end, progress.lag) == (10, 25, 15)
    assert (progress.batch, progress.rows, progress.batch_ms) == (7, 3, 34)


def test_offsets_may_come_as_text() -> None:
    progress = Progress.parse(
        {"batchId": 0, "sources": [{"endOffset": '{"images":{"0":4}}', "latestOffset": None}], "numInputRows": -1}
    )

    assert (progress.position, progress.lag, progress.rows, progress.batch_ms) == (4, None, 0, None)


def test_images_between_two_polls_are_counted_though_their_reports_were_not_seen() -> None:
    registry = CollectorRegistry()
    moves: list[Mapping[int, int]] = []
    reader = ProgressReader(ClassifierMetrics(registry), moves.append, log_every_s=10, now=100.0)

    reader.begin(report(0, 102, 110, rows=2))
    assert reader.begun
    assert reader.read(report(1, 103, 110), 102.0) is None
    assert registry.get_sample_value("sightline_classifier_images_total") == 3
    assert moves == [{0: 102, 1: 1}]
    line = reader.read(report(9, 203, 203), 112.0)

    assert line == "103 images in 12 s (8.6/s), 0 waiting, last batch 3 in 34 ms"
    assert registry.get_sample_value("sightline_classifier_images_total") == 103
    assert registry.get_sample_value("sightline_classifier_images_per_second") == 10
    assert registry.get_sample_value("sightline_classifier_batch_seconds") == 0.034
    assert registry.get_sample_value(LAST_PROGRESS) == pytest.approx(time.time(), abs=5)
    clock = registry.get_sample_value(LAST_PROGRESS)
    assert reader.read(report(9, 203, 203), 130.0) is None  # nothing new: nothing to say
    assert registry.get_sample_value(LAST_PROGRESS) == clock
    assert moves == [{0: 102, 1: 1}, {0: 202, 1: 1}]
    assert registry.get_sample_value("sightline_classifier_images_total") == 103
    assert registry.get_sample_value("sightline_classifier_images_per_second") == 0
