"""What a backfill does when it is stopped, and which place it takes for itself."""

from threading import Event, current_thread, main_thread
from types import SimpleNamespace
from typing import Any

import pytest

from sightline_spark.backfill import run
from sightline_spark.backfill.app import _digest, _where
from sightline_spark.backfill.arguments import parse
from sightline_spark.backfill.rows import StoredOutcomes
from sightline_spark.backfill.run import Backfill, Plan
from sightline_spark.backfill.sinks import Counts
from sightline_spark.backfill.stopping import Stopped, until_stopped
from sightline_spark.backfill.work import Entry, Piece
from sightline_spark.query import EngineOptions
from sightline_spark.settings import ClassifierSettings


class Spark:
    """A session whose first cancellation comes between two jobs of a piece, and finds none."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.ended = Event()
        self.sparkContext = self

    def cancelAllJobs(self) -> None:  # noqa: N802 - Spark's
        self.cancelled += 1
        if self.cancelled == 2:
            self.ended.set()


def test_a_stop_that_comes_between_two_jobs_does_not_wait_for_the_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was one cancellation and an endless wait: a piece of minutes ran to its end."""
    spark: Any = Spark()

    def write(*_: object, **__: object) -> Counts:
        assert spark.ended.wait(5), "nothing was cancelled"
        raise RuntimeError("Job 7 cancelled")

    piece = Piece(0, (Entry("a.png", 1, 1),))
    source: Any = SimpleNamespace(records=lambda *_: None, outcomes=StoredOutcomes())
    sink: Any = SimpleNamespace(write=write)
    ledger: Any = SimpleNamespace(piece=lambda _: piece)
    monkeypatch.setattr(run, "classify", lambda *_: None)
    stop = Event()

    def comes(_: object) -> float:
        stop.set()
        return 0.0

    monkeypatch.setattr(run, "_share_done", comes)
    shown: Any = SimpleNamespace(update=lambda *_: None)
    plan = Plan({"model": "m@1"}, {0: 1}, frozenset())
    with pytest.raises(Stopped, match=r"^: 0 of 1 images are done$"):
        Backfill(source, sink, ledger, stop).run(spark, plan, EngineOptions.of(ClassifierSettings()), shown)
    assert spark.cancelled == 2


def test_a_stop_does_not_wait_for_what_no_cancellation_reaches() -> None:
    """A listing of a folder of millions, by Hadoop and without a job of Spark's, went on to its end first."""
    spark: Any = Spark()
    stop, never = Event(), Event()

    def listing() -> None:
        assert current_thread() is not main_thread()
        never.wait(60)

    try:
        with pytest.raises(Stopped):
            until_stopped(spark, stop, listing, patience_s=0.5, meanwhile=stop.set)
    finally:
        never.set()
    assert spark.cancelled > 0


def test_what_a_stop_comes_before_is_not_begun() -> None:
    """The next job ran to the first look at the stop, and wrote meanwhile."""
    stop, began = Event(), Event()
    stop.set()
    with pytest.raises(Stopped):
        until_stopped(Spark(), stop, began.set, patience_s=1, meanwhile=lambda: None)  # type: ignore[arg-type]
    assert not began.is_set()


def test_what_ends_after_a_stop_is_not_used() -> None:
    """Work between two looks at the stop ended, and the run went on to write it down."""
    stop = Event()
    with pytest.raises(Stopped):
        until_stopped(Spark(), stop, stop.set, patience_s=1, meanwhile=lambda: None)  # type: ignore[arg-type]


def test_what_fails_in_the_other_thread_is_raised_in_this_one() -> None:
    def fails() -> None:
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        until_stopped(Spark(), Event(), fails, patience_s=1, meanwhile=lambda: None)  # type: ignore[arg-type]


def test_a_limit_is_of_the_first_pieces_that_have_so_many_images() -> None:
    plan = Plan({}, {0: 4, 1: 4, 2: 4}, frozenset({0, 2}))
    assert plan.first(5) == Plan({}, {0: 4, 1: 4}, frozenset({0, 2}))
    assert (plan.first(4).left, plan.first(5).left, plan.first(None).left) == ([], [1], [1])
    assert plan.first(4).done_images == 4


def test_each_precision_has_a_work_list_of_its_own() -> None:
    """The same command with another precision was refused, and told nothing of a place that could be chosen."""
    source: Any = SimpleNamespace(identity={"source": "file:/photos"})
    names = [_digest(source, ClassifierSettings(classifier_precision=each)) for each in ("f32", "bf16", "bf16")]
    assert names[0] != names[1] == names[2]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (["folder", "/photos"], "folder /photos; `sightline-backfill folder --help` says what counts as one"),
        (["table", "/photos"], "table /photos"),
        (["topic"], "topic images"),
        (["topic", "--since", "1h"], "this part of topic images"),
    ],
)
def test_where_nothing_was_found_is_the_source(source: list[str], where: str) -> None:
    """It was said of the place for results, with a hint at file names whatever the source."""
    assert _where(parse([*source, "--out", "labels"]), ClassifierSettings()) == where
