"""One backfill in a Spark session: everything built in order, run, and its end said."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from sightline_spark.backfill.arguments import PROGRAM, Options
from sightline_spark.backfill.errors import BackfillError, Refused
from sightline_spark.backfill.ledger import Job, Ledger
from sightline_spark.backfill.progress import Progress
from sightline_spark.backfill.run import Backfill, Plan, Report
from sightline_spark.backfill.sinks import WORK_FOLDER, ParquetTable, ResultsTopic, Sink
from sightline_spark.backfill.sources import Folder, Source, Table
from sightline_spark.backfill.stopping import Stopped, until_stopped
from sightline_spark.backfill.store import Store
from sightline_spark.backfill.topic import EACH_ITS_OWN, ONE_FOR_ALL, PATIENCE_MS, ImageTopic, TopicState
from sightline_spark.executors import preload_watched, tasks_of
from sightline_spark.offsets import asking
from sightline_spark.query import EngineOptions
from sightline_spark.settings import ClassifierSettings
from sightline_spark.table.executors import runs_here

_UNREADABLE: Final = 3
_WORK_LISTS: Final = ".sightline/backfill"
_LISTING_S: Final = 2.0  # to be cancelled in; what Hadoop lists without a job of Spark's has no end otherwise
T = TypeVar("T")


def backfill(spark: SparkSession, options: Options, settings: ClassifierSettings, stop: Event) -> int:
    """Do what the options ask for; returns the exit status.

    Raises:
        BackfillError: it cannot go on, or makes no sense (Refused).
        Stopped: `stop` was set; its text says how many images are kept.
    """

    def looked(do: Callable[[], T]) -> T:
        return until_stopped(spark, stop, do, _LISTING_S, lambda: None)

    source = looked(lambda: _source(spark, options, settings))
    sink, ledger = _sink(spark, options, settings, source)
    work = Backfill(source, sink, ledger, stop)
    job = work.agree({"model": settings.default_model, "precision": settings.classifier_precision})
    if options.dry_run:
        return _say_what_there_is(*looked(lambda: work.count(job, options.limit)), sink)
    shown = Progress(sys.stderr, 0, 0)
    with ledger.locked():
        shown.say("looking for images")
        pinned = _pinned(spark, settings, job, stop, shown)
        plan = looked(lambda: work.extend(pinned, options.limit, options.piece_images))
        if not plan.total:
            shown.say(f"nothing to do: no images were found in {_where(options, settings)}")
            return 0
        return _work(spark, work, plan, settings, sink)


def _work(spark: SparkSession, work: Backfill, plan: Plan, settings: ClassifierSettings, sink: Sink) -> int:
    progress = Progress(sys.stderr, plan.total, plan.done_images)
    if not plan.left:
        progress.say(f"nothing to do: all {plan.total:,} images are done, in {sink.name}")
        return 0
    if plan.done_images:
        progress.say(f"going on: {plan.done_images:,} of {plan.total:,} images are done")
    progress.say(f"classifying {plan.total - plan.done_images:,} images with {plan.job['model']} into {sink.name}")
    try:
        report = work.run(spark, plan, EngineOptions.of(settings), progress)
    finally:
        progress.end()
    return _say_how_it_ended(report, sink)


def _where(options: Options, settings: ClassifierSettings) -> str:
    """The place that was searched, and of a folder how to search otherwise."""
    if options.kind == "topic":
        return f"{'' if options.span.whole else 'this part of '}topic {settings.classifier_images_topic}"
    place = f"{options.kind} {options.place}"
    return f"{place}; `{PROGRAM} folder --help` says what counts as one" if options.kind == "folder" else place


def _say_how_it_ended(report: Report, sink: Sink) -> int:
    total = report.total
    sys.stdout.write(
        f"finished: {total.images:,} images in {sink.name}, {total.images - total.failed:,} classified,"
        f" {total.failed:,} failed; {report.new:,} of them in this run\n"
    )
    if not report.unreadable:
        return 0
    sys.stderr.write(f"{PROGRAM}: {report.unreadable:,} images could not be read: the same command tries them again\n")
    return _UNREADABLE


def _say_what_there_is(plan: Plan, new: int, sink: Sink) -> int:
    sys.stdout.write(
        f"{plan.total + new:,} images for {sink.name}: {plan.done_images:,} are done,"
        f" {plan.total - plan.done_images + new:,} to do with {plan.job['model']}\n"
    )
    return 0


def _source(spark: SparkSession, options: Options, settings: ClassifierSettings) -> Source:
    tasks = settings.tasks_per_batch
    if options.kind == "folder":
        return Folder(spark, options.place, options.glob, settings.max_image_bytes, tasks)
    if options.kind == "table":
        return Table(spark, options.place, options.image_column, options.key_column, tasks)
    models = EACH_ITS_OWN if options.model is None else ONE_FOR_ALL
    return ImageTopic(spark, settings, TopicState.read(settings, options.span), models, options.piece_images)


def _sink(spark: SparkSession, options: Options, settings: ClassifierSettings, source: Source) -> tuple[Sink, Ledger]:
    if options.out is None:
        if options.work is None and not runs_here(settings.master):
            raise Refused("executors read the work list: on a cluster name a folder by --work that all of them reach")
        topics = [settings.classifier_results_topic, settings.classifier_dead_letters_topic]
        with asking(settings, topics, "backfill", PATIENCE_MS):
            work = options.work or f"{os.path.abspath(_WORK_LISTS)}/{_digest(source, settings)}"  # noqa: PTH100
        store = Store(spark, work)
        return ResultsTopic(settings, store), Ledger(spark, store)
    folder = Store(spark, options.out)
    ledger = Ledger(spark, Store(spark, folder.place(WORK_FOLDER)))
    if ledger.job() is None and set(folder.names()) - {WORK_FOLDER}:  # which a run that ended early leaves
        raise Refused(f"{folder.root} holds something else already: name a folder that is empty, or not there yet")
    return ParquetTable(spark, folder, settings.classifier_results_topic), ledger


def _digest(source: Source, settings: ClassifierSettings) -> str:
    """The same for the same command."""
    what = {
        **source.identity,
        "model": settings.default_model,
        "precision": settings.classifier_precision,
        "kafka": settings.kafka_bootstrap_servers,
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def _pinned(spark: SparkSession, settings: ClassifierSettings, job: Job, stop: Event, shown: Progress) -> Job:
    """The job with its model's version; the model is loaded where tasks run.

    Raises:
        Stopped: a signal came.
        BackfillError: the model cannot be used.
    """
    tasks = tasks_of(spark, settings)
    if not tasks.wait(stop, lambda _trouble: None):  # its log says so
        raise Stopped
    options = EngineOptions.of(settings.model_copy(update={"default_model": job["model"]}))
    told: list[str] = []

    def tell(trouble: str | None) -> None:
        if trouble is not None and trouble not in told:
            told.append(trouble)
            shown.say(f"waiting: {trouble}")

    try:
        name = preload_watched(tasks, options, stop, tell)
    except Py4JJavaError as error:
        reason = error.java_exception.getMessage()
        raise BackfillError(
            f"model {job['model']} cannot be used: {reason} (models are in {settings.models_dir})"
        ) from error
    if name is None:
        raise Stopped
    return {**job, "model": name}
