"""What Spark tells of a query's progress, as metrics and as one readable log line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sightline_spark.metrics import ClassifierMetrics


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress report of a query.

    `offsets` are the next to read, by partition of the image topic; `end` sums those of the records that are there, and
    is None when the trigger does not know it. `rows` and `batch_ms` are the last micro-batch's.
    """

    batch: int
    offsets: Mapping[int, int]
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
            offsets=_offsets(source["endOffset"]),
            end=None if latest is None else sum(_offsets(latest).values()),
            rows=max(int(report.get("numInputRows", 0)), 0),
            batch_ms=None if duration is None else int(duration),
        )

    @property
    def position(self) -> int:
        """Records of the image topic that are taken up, since it was made."""
        return sum(self.offsets.values())

    @property
    def lag(self) -> int | None:
        """Images that wait in Kafka, as far as the trigger knows."""
        return None if self.end is None else max(self.end - self.position, 0)


def _offsets(found: object) -> dict[int, int]:
    """By partition: the query reads one topic."""
    by_topic = json.loads(found) if isinstance(found, str) else found
    if not isinstance(by_topic, dict):
        return {}
    return {int(number): int(offset) for partitions in by_topic.values() for number, offset in partitions.items()}


class ProgressReader:
    """Turns the reports of one query, polled now and then, into metrics and log lines.

    Reports between two polls need not be seen: positions only grow, so their difference counts every image.
    """

    def __init__(
        self,
        metrics: ClassifierMetrics,
        moved: Callable[[Mapping[int, int]], object],
        log_every_s: float,
        now: float,
    ) -> None:
        """`moved` is told the query's position, the next offset by partition, at each new report."""
        self._metrics = metrics
        self._moved = moved
        self._log_every_s = log_every_s
        self._position: int | None = None
        self._batch: int | None = None
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
        self._show(progress, images, images / max(now - self._read_at, 1e-3))
        self._position, self._read_at = progress.position, now
        return self._line(progress, now)

    def _show(self, progress: Progress, images: int, rate: float) -> None:
        self._metrics.images.inc(images)
        self._metrics.rate.set(rate)
        self._metrics.batch_images.set(progress.rows)
        if progress.batch_ms is not None:
            self._metrics.batch_seconds.set(progress.batch_ms / 1000)
        if progress.batch != self._batch:
            self._metrics.last_progress.set_to_current_time()
            self._batch = progress.batch
            self._moved(progress.offsets)

    def _line(self, progress: Progress, now: float) -> str | None:
        elapsed, images = now - self._logged_at, progress.position - self._logged_position
        if elapsed < self._log_every_s or images <= 0:
            return None
        self._logged_at, self._logged_position = now, progress.position
        waiting = "" if progress.lag is None else f", {progress.lag} waiting"
        batch = "" if progress.batch_ms is None else f", last batch {progress.rows} in {progress.batch_ms} ms"
        return f"{images} images in {elapsed:.0f} s ({images / elapsed:.1f}/s){waiting}{batch}"
