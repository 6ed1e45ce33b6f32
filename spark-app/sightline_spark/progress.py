"""What Spark tells of a query's progress, as metrics and as one readable log line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from sightline_spark.backlog import PERIOD_S
from sightline_spark.metrics import ClassifierMetrics

_STANDSTILL_S: Final = 300.0  # as in the alert SightlineClassifierStalled


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress report of a query.

    `offsets` are the next to read, by partition of the image topic. `rows` and `batch_ms` are the last micro-batch's.
    """

    batch: int
    offsets: Mapping[int, int]
    rows: int
    batch_ms: int | None

    @classmethod
    def parse(cls, report: Mapping[str, Any]) -> Self:
        """From `StreamingQuery.lastProgress`, whose offsets are JSON texts or objects by topic and partition."""
        source = report["sources"][0]
        duration = report.get("durationMs", {}).get("triggerExecution")
        return cls(
            batch=int(report["batchId"]),
            offsets=_offsets(source["endOffset"]),
            rows=max(int(report.get("numInputRows", 0)), 0),
            batch_ms=None if duration is None else int(duration),
        )

    @property
    def position(self) -> int:
        """Records of the image topic that are taken up, since it was made."""
        return sum(self.offsets.values())


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
        waiting: Callable[[], int | None],
        log_every_s: float,
        now: float,
    ) -> None:
        """`moved` is told the query's position, the next offset by partition, at each new report.

        `waiting` says how many images wait in Kafka, None: unknown. Spark's own number is of the batch's start.
        """
        self._metrics = metrics
        self._moved = moved
        self._waiting = waiting
        self._log_every_s = log_every_s
        self._position: int | None = None
        self._batch: int | None = None
        self._logged_position = 0
        self._read_at = self._logged_at = self._moved_at = now

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
        self._show(progress, images)
        self._show_rate(progress, images, now)
        self._position, self._read_at = progress.position, now
        return self._line(progress, now)

    def _show_rate(self, progress: Progress, images: int, now: float) -> None:
        if images > 0:  # a batch may have taken longer than the time since the last poll
            seconds = max(now - self._read_at, (progress.batch_ms or 0) / 1000, 1e-3)
            self._metrics.rate.set(images / seconds)
            self._moved_at = now
        elif not self._in_batch(now - self._moved_at):
            self._metrics.rate.set(0)

    def _in_batch(self, quiet_s: float) -> bool:
        """Whether a batch must be running: images wait, or `waiting` is too old to tell, and it is no standstill."""
        return quiet_s <= PERIOD_S or (quiet_s <= _STANDSTILL_S and bool(self._waiting()))

    def _show(self, progress: Progress, images: int) -> None:
        self._metrics.images.inc(images)
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
        count = self._waiting()
        waiting = "" if count is None else f", {count} waiting"
        batch = "" if progress.batch_ms is None else f", last batch {progress.rows} in {progress.batch_ms} ms"
        return f"{images} images in {elapsed:.0f} s ({images / elapsed:.1f}/s){waiting}{batch}"
