"""Work that a signal stops, although it waits for Spark."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Event
from typing import Final, TypeVar

from pyspark.sql import SparkSession

from sightline_spark.background import begun

_POLL_S: Final = 0.2
T = TypeVar("T")


class Stopped(Exception):
    """A signal came; the text, if there is one, says how many images are kept."""


def untold_once_stopped(stop: Event) -> Callable[[logging.LogRecord], bool]:
    """A filter for the root logger, where py4j tells that Spark ended under a call: a stop leaves some alone."""
    return lambda record: not (stop.is_set() and record.msg == "Exception while sending command.")


def until_stopped(
    spark: SparkSession, stop: Event, do: Callable[[], T], patience_s: float, meanwhile: Callable[[], None]
) -> T:
    """What `do` gives, or raises; `meanwhile` is called now and then until then.

    Args:
        spark: whose jobs are those of `do`.
        stop: ends it: its jobs are cancelled. A job that is still being planned cannot be, and others come after one
            that was, so they are until `do` ends.
        do: runs in another thread; not at all when `stop` is set already.
        patience_s: how long it may take to end; then it is left alone, to end with the process.
        meanwhile: in this thread.

    Raises:
        Stopped: `stop` was set, be it that `do` ended after all.
    """
    if stop.is_set():
        raise Stopped
    doing = begun(do, "backfill")
    while not wait([doing], _POLL_S).done:
        meanwhile()
        if stop.is_set():
            _cancel(spark, doing, patience_s)
            raise Stopped
    if stop.is_set():  # the result may be of a job that was stopped in part
        raise Stopped
    return doing.result()


def _cancel(spark: SparkSession, doing: Future[T], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not wait([doing], _POLL_S).done and time.monotonic() < deadline:
        spark.sparkContext.cancelAllJobs()
