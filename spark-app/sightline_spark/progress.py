"""What Spark tells of a query's progress, as metrics and as one readable log line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress report of a query.

    `position` and `end` count records of the image topic (sums of offsets over its partitions): taken up, and there.
    `end` is None when the trigger does not know it. `rows` and `batch_ms` are the last micro-batch's.
    """

    batch: int
    position: int
    end: int | None
    rows: int
    batch_ms: int | None

    @classmethod
    def parse(cls, report: Mapping[str, Any]) -> Self:
        """From `StreamingQuery.lastProgress`, whose offsets are JSON texts or objects by topic and partition."""
        source = report["sources"][0]
        latest = source.get("latestOffset")
        duration = report.get("durationMs", {}).get("triggerExecution")
        return cls(
            batch=int(report["batchId"]),
            position=_total(source["endOffset"]),
            end=None if latest is None else _total(latest),
            rows=max(int(report.get("numInputRows", 0)), 0),
            batch_ms=None if duration is None else int(duration),
        )

    @property
    def lag(self) -> int | None:
        """Images that wait in Kafka, as far as the trigger knows."""
        return None if self.end is None else max(self.end - self.position, 0)


def _total(offsets: object) -> int:
    by_topic = json.loads(offsets) if isinstance(offsets, str) else offsets
    if not isinstance(by_topic, dict):
        return 0
    return sum(int(offset) for partitions in by_topic.values() for offset in partitions.values())


class ProgressMetrics:
    """The metrics of the query; `running` and `started_without_checkpoint` are the process's to set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._images = Counter("sightline_classifier_images", "Images classified or failed", registry=registry)
        self._rate = Gauge("sightline_classifier_images_per_second", "Images a second, lately", registry=registry)
        self._lag = Gauge("sightline_classifier_lag_records", "Images that wait in Kafka", registry=registry)
        self._batch = Gauge("sightline_classifier_batch_seconds", "Time of the last micro-batch", registry=registry)
        self._rows = Gauge("sightline_classifier_batch_images", "Images of the last micro-batch", registry=registry)
        self.running = Gauge("sightline_classifier_query_running", "1 while the query runs", registry=registry)
        self.started_without_checkpoint = Gauge(
            "sightline_classifier_started_without_checkpoint",
            "1 when the query began at the image topic's beginning for lack of a checkpoint",
            registry=registry,
        )

    def observe(self, progress: Progress, images: int, rate: float) -> None:
        """Take over a report, after `images` more images at `rate` a second."""
        self._images.inc(images)
        self._rate.set(rate)
        self._rows.set(progress.rows)
        if progress.lag is not None:
            self._lag.set(progress.lag)
        if progress.batch_ms is not None:
            self._batch.set(progress.batch_ms / 1000)


class ProgressReader:
    """Turns the reports of one query, polled now and then, into counts, a rate and log lines.

    Reports between two polls need not be seen: positions only grow, so their difference counts every image.
    """

    def __init__(self, metrics: ProgressMetrics, log_every_s: float, now: float) -> None:
        self._metrics = metrics
        self._log_every_s = log_every_s
        self._position: int | None = None
        self._logged_position = 0
        self._read_at = self._logged_at = now

    @property
    def begun(self) -> bool:
        """Whether `begin` has been called."""
        return self._position is not None

    def begin(self, first: Mapping[str, Any]) -> None:
        """Count from where the query's first report says that it began."""
        progress = Progress.parse(first)
        self._position = self._logged_position = progress.position - progress.rows

    def read(self, report: Mapping[str, Any], now: float) -> str | None:
        """Take over a report, after `begin`; returns a line to log when it is time for one."""
        progress = Progress.parse(report)
        images = max(progress.position - (self._position or 0), 0)
        self._metrics.observe(progress, images, images / max(now - self._read_at, 1e-3))
        self._position, self._read_at = progress.position, now
        return self._line(progress, now)

    def _line(self, progress: Progress, now: float) -> str | None:
        elapsed, images = now - self._logged_at, progress.position - self._logged_position
        if elapsed < self._log_every_s or images <= 0:
            return None
        self._logged_at, self._logged_position = now, progress.position
        waiting = "" if progress.lag is None else f", {progress.lag} waiting"
        batch = "" if progress.batch_ms is None else f", last batch {progress.rows} in {progress.batch_ms} ms"
        return f"{images} images in {elapsed:.0f} s ({images / elapsed:.1f}/s){waiting}{batch}"
