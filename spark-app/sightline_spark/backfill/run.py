"""A backfill from its work list to its end, piece by piece."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Final, Protocol

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sightline_spark.backfill.errors import BackfillError, reason
from sightline_spark.backfill.ledger import Job, Ledger, agreed
from sightline_spark.backfill.sinks import Counts, Sink
from sightline_spark.backfill.sources import Source
from sightline_spark.backfill.stopping import Stopped, until_stopped
from sightline_spark.backfill.work import Entry, Piece, cut, limited
from sightline_spark.query import EngineOptions, classify

_CANCEL_S: Final = 60.0  # a batch of images ends well before; longer, and people kill what they have stopped


class Shown(Protocol):
    """What shows people how far it is; see `Progress`."""

    def update(self, done: int, failed: int) -> None:
        """Images done of all, and failed in this run."""

    def say(self, line: str) -> None:
        """A line of news."""

    def end(self) -> None:
        """Nothing more comes."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended: images of all runs so far, and those of this one that could not be read."""

    total: Counts
    unreadable: int
    new: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: `images` by piece of the work list, and those that are done."""

    job: Job
    images: dict[int, int]
    done: frozenset[int]

    @property
    def left(self) -> list[int]:
        """The pieces to do, in order."""
        return sorted(self.images.keys() - self.done)

    @property
    def total(self) -> int:
        """All images."""
        return sum(self.images.values())

    @property
    def done_images(self) -> int:
        """Images of pieces that are done."""
        return sum(self.images[number] for number in self.done if number in self.images)

    def first(self, images: int | None) -> "Plan":
        """The plan for the first so many images, in whole pieces."""
        if images is None:
            return self
        taken: dict[int, int] = {}
        for number in sorted(self.images):
            if sum(taken.values()) >= images:
                break
            taken[number] = self.images[number]
        return replace(self, images=taken)


class Backfill:
    """One source, one sink and the work list between them."""

    def __init__(self, source: Source, sink: Sink, ledger: Ledger, stop: Event) -> None:
        self._source = source
        self._sink = sink
        self._ledger = ledger
        self._stop = stop

    def agree(self, job: Job) -> Job:
        """The job as it was begun, or as it begins now; with the source's and the sink's part.

        Raises:
            Refused: the work folder holds another one.
        """
        wanted = {**job, **self._source.identity, **self._sink.identity}
        return agreed(wanted, self._ledger.job(), self._ledger.place)

    def count(self, job: Job, limit: int | None) -> tuple[Plan, int]:
        """What the work list has, and how many images would be added to it. Writes nothing."""
        plan = self._plan(job)
        return plan.first(limit), sum(entry.images for entry in self._new(plan, limit))

    def extend(self, job: Job, limit: int | None, piece_images: int) -> Plan:
        """Add to the work list what it has not; of the first `limit` images, in whole pieces, what there is to do.

        Raises:
            Stopped: a signal came; what was added stays.
        """
        if self._ledger.job() is None:
            self._ledger.begin(job)
        self._ledger.forget_left_out(self._sink.done())
        plan = self._plan(job)
        first = max(plan.images, default=-1) + 1
        self._ledger.add(cut(self._new(plan, limit), piece_images, first))
        return self._plan(job).first(limit)

    def run(self, spark: SparkSession, plan: Plan, options: EngineOptions, shown: Shown) -> Report:
        """Classify every piece that is left.

        Raises:
            BackfillError: a piece cannot be classified or kept.
            Stopped: a signal came; what is done stays.
        """
        # Spans and comparisons are for what happens now.
        options = replace(options, default_model=plan.job["model"], tracing=None, shadow=None)
        done, failed, unreadable = plan.done_images, 0, 0
        for number in plan.left:
            piece = self._ledger.piece(number)
            try:
                counts = self._classify(spark, piece, options, _moving(shown, done, failed, piece.images))
            except Stopped as stopped:
                raise Stopped(f": {done:,} of {plan.total:,} images are done") from stopped
            missing = self._source.unreadable()
            self._check(piece, counts, len(missing))
            self._ledger.leave_out(piece, missing)
            self._sink.commit(piece, counts)
            for name, why in list(missing.items())[: max(0, _SHOWN - unreadable)]:
                shown.say(f"could not read {name}: {why}")
            done, failed, unreadable = done + piece.images, failed + counts.failed, unreadable + len(missing)
            shown.update(done, failed)
        return Report(self._sink.total(), unreadable, done - plan.done_images - unreadable)

    def _plan(self, job: Job) -> Plan:
        return Plan(job, self._ledger.images(), frozenset(self._sink.done()))

    def _new(self, plan: Plan, limit: int | None) -> Iterator[Entry]:
        left = None if limit is None else max(0, limit - plan.total)
        return self._until_stopped(limited(self._source.left(self._ledger), left))

    def _until_stopped(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if self._stop.is_set():
                raise Stopped
            yield entry
        if self._stop.is_set():  # while nothing came
            raise Stopped

    def _classify(
        self, spark: SparkSession, piece: Piece, options: EngineOptions, moved: Callable[[float], None]
    ) -> Counts:
        rows = classify(self._source.records(self._ledger, piece), options)

        def write() -> Counts:
            return self._sink.write(rows, self._source.outcomes)

        try:
            return until_stopped(spark, self._stop, write, _CANCEL_S, lambda: moved(_share_done(spark)))
        except (PySparkException, Py4JError) as error:
            raise BackfillError(f"piece {piece.number} failed: {reason(error)}") from error

    def _check(self, piece: Piece, counts: Counts, unreadable: int) -> None:
        """What changed meanwhile is better said."""
        expected = piece.images - unreadable
        if not self._source.outcomes.are_all(counts.images, expected):
            raise BackfillError(
                f"piece {piece.number} gave {counts.images} results for {expected} images: the source changed while it"
                " was read; start again"
            )


_SHOWN: Final = 10  # lines about single files; a broken disk should not fill the screen


def _moving(shown: Shown, done: int, failed: int, images: int) -> Callable[[float], None]:
    return lambda share: shown.update(done + int(share * images), failed)


def _share_done(spark: SparkSession) -> float:
    """Which part of the tasks of what runs now has ended."""
    tracker = spark.sparkContext.statusTracker()
    stages = [stage for number in tracker.getActiveStageIds() if (stage := tracker.getStageInfo(number)) is not None]
    tasks = sum(stage.numTasks for stage in stages)
    return sum(stage.numCompletedTasks for stage in stages) / tasks if tasks > 1 else 0.0
