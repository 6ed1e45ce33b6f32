"""Where tasks run, in the driver or on executors: waiting for it, warming it up, and noticing that it is gone."""

import logging
import math
import socket
import time
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import closing
from threading import Event
from typing import Any, Final, Protocol

from pyspark.sql import SparkSession

from sightline_spark.background import begun
from sightline_spark.cluster import MasterKind
from sightline_spark.errors import ClassifierError
from sightline_spark.query import EngineOptions, preload
from sightline_spark.settings import ClassifierSettings

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
_CHECK_S: Final = 1.0
_CONNECT_S: Final = 2.0
_MASTER_POLL_S: Final = 1.0
# The last executors of a cluster that starts come within seconds of the first; one that is short of a machine should
# classify with what it has.
_REST_S: Final = 30.0
# A standalone master that was started anew may not know the application, and never sends it an executor. Or it still
# has the driver's predecessor, which it takes for the same application by its address until it forgets that. Restarting
# the driver helps; sooner than this, and executors that are only being replaced would look like it.
_NONE_LEFT_S: Final = 60.0

Report = Callable[[str], None]


def wait_for_master(settings: ClassifierSettings, stop: Event, report: Report) -> bool:
    """Return True once a standalone master's port is open, False when `stop` was set before; True for other masters.

    `report` is told what is waited for. Spark itself gives up after a minute, in which it cannot be stopped.
    """
    if settings.master_kind is not MasterKind.STANDALONE:
        return True
    addresses = settings.master.removeprefix("spark://").split(",")
    if not any(map(_is_open, addresses)):
        log.info("waiting: no Spark master answers at %s", settings.master)
        report(f"waiting for the Spark master at {settings.master}")
        while not any(map(_is_open, addresses)):
            if stop.wait(_MASTER_POLL_S):
                return False
    return True


class Tasks(Protocol):
    """Where the query's tasks run."""

    def wait(self, stop: Event, report: Report) -> bool:
        """Return True once tasks can run, False when `stop` was set before; `report` is told what is waited for.

        Raises:
            ClassifierError: see `check`.
        """

    def preload(self, options: EngineOptions) -> str:
        """Load and compile the default model where tasks run; returns its name@version.

        Raises:
            Py4JJavaError: it cannot be used; the Java exception's message says why.
        """

    def check(self, now: float) -> str | None:
        """Why no task can run at `now` (seconds, monotonic), if so.

        Raises:
            ClassifierError: that has lasted, and a new start may help.
        """


def preload_watched(
    tasks: Tasks, options: EngineOptions, stop: Event, observe: Callable[[str | None], object]
) -> str | None:
    """`tasks.preload`, left alone when `stop` was set before its end, which None says.

    It waits for ever for executors that are gone, so it has a thread of its own; who ends the session ends its job.
    `observe` is told each second what `tasks.check` says.

    Raises:
        Py4JJavaError: see `Tasks.preload`.
        ClassifierError: see `Tasks.check`.
    """
    loading = begun(lambda: tasks.preload(options), "preload")
    checked_at = -math.inf
    while not stop.is_set():
        if time.monotonic() >= checked_at + _CHECK_S:
            checked_at = time.monotonic()
            observe(tasks.check(checked_at))
        wait([loading], _POLL_S)
        if loading.done():
            return loading.result()
    return None


def tasks_of(spark: SparkSession, settings: ClassifierSettings) -> Tasks:
    """Where the session's tasks run."""
    return DriverTasks(spark) if settings.local_master else ExecutorTasks(spark, settings)


class DriverTasks:
    """On a local master: in the driver's JVM."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def wait(self, stop: Event, report: Report) -> bool:  # noqa: ARG002
        """See Tasks; they can run at once."""
        return True

    def preload(self, options: EngineOptions) -> str:
        """See Tasks."""
        return preload(self._spark, options)

    def check(self, now: float) -> str | None:  # noqa: ARG002
        """See Tasks; they end with the driver."""
        return None


class ExecutorTasks:
    """On a cluster: in executors, which come some time after the session, and may be lost and replaced."""

    def __init__(self, spark: SparkSession, settings: ClassifierSettings) -> None:
        self._spark = spark
        self._settings = settings
        self._none_since: float | None = None

    def wait(self, stop: Event, report: Report) -> bool:
        """See Tasks.

        Some seconds after the first executor the others are waited for no longer, except under the continuous trigger,
        which needs them all.

        Raises:
            ClassifierError: see `check`.
        """
        wanted = self._settings.classifier_executors
        first_at: float | None = None
        seen = -1
        while (there := self.count()) < wanted:
            if there != seen:
                log.info("waiting for executors: %d of %d are there", there, wanted)
                report(f"waiting for executors: {there} of {wanted} are there")
                seen = there
            first_at = _since(first_at, time.monotonic()) if there else None
            late = first_at is not None and time.monotonic() > first_at + _REST_S
            if late and self._settings.classifier_trigger == "processing":
                log.warning("going on with %d of %d executors", there, wanted)
                return True
            if stop.wait(_POLL_S):
                return False
            self.check(time.monotonic())
        return True

    def preload(self, options: EngineOptions) -> str:
        """See Tasks: by as many tasks as run at once, so that each executor gets one."""
        jvm: Any = self._spark._jvm  # noqa: SLF001 - py4j's door
        session, tasks = self._spark._jsparkSession, self.count() * self._settings.classifier_executor_cores  # noqa: SLF001
        return str(jvm.io.sightline.engine.stream.ExecutorWarmUp.preload(session, options.to_json(), max(tasks, 1)))

    def check(self, now: float) -> str | None:
        """See Tasks. Kubernetes' executors are replaced for as long as it takes; a standalone master may not do it."""
        if self.count() > 0:
            self._none_since = None
            return None
        self._none_since = _since(self._none_since, now)
        if self._settings.master_kind is MasterKind.STANDALONE and now > self._none_since + _NONE_LEFT_S:
            raise ClassifierError(f"{self._settings.master} has given no executor for {_NONE_LEFT_S:.0f} s")
        return "no executor is there"

    def count(self) -> int:
        """How many executors are registered with the driver."""
        context: Any = self._spark.sparkContext._jsc  # noqa: SLF001 - py4j's door
        return len(context.sc().statusTracker().getExecutorInfos()) - 1  # the driver is among them


def _since(began: float | None, now: float) -> float:
    return now if began is None else began


def _is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with closing(socket.create_connection((host, int(port)), timeout=_CONNECT_S)):
            return True
    except OSError:
        return False
