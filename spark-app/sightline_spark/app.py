"""The classifier process: everything built in order, one query watched until it is told to stop."""

import logging
import time
from threading import Event
from typing import Final

from prometheus_client import CollectorRegistry
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from sightline_common.instruments import watch_readiness
from sightline_common.management import ManagementServer, Readiness
from sightline_spark.backlog import BacklogWatch
from sightline_spark.checkpoint import Checkpoint
from sightline_spark.errors import ClassifierError, first_line
from sightline_spark.executors import Tasks, preload_watched, tasks_of, wait_for_master
from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.progress import ProgressReader
from sightline_spark.query import EngineOptions, build_query, pace, read_images, stop_after_batch
from sightline_spark.reports import ModelReports, read_report
from sightline_spark.session import build_session, end_session
from sightline_spark.settings import ClassifierSettings
from sightline_spark.topics import wait_for_topics

log = logging.getLogger(__name__)

_POLL_S: Final = 1.0
_STOP_POLL_S: Final = 0.05
_LOG_EVERY_S: Final = 10.0
# A batch takes well under a second; what has not ended by then is interrupted and repeated after the next start.
_FINISH_DEADLINE_S: Final = 15


class Classifier:
    """One query from Kafka to Kafka. Run it once; `stop` may be set from a signal handler."""

    def __init__(self, settings: ClassifierSettings, stop: Event) -> None:
        self._settings = settings
        self._stop = stop
        self._registry = CollectorRegistry()
        self._metrics = ClassifierMetrics(self._registry)
        self._models = ModelReports(self._metrics.models)
        self._state = Readiness(ok=False, reason="starting")
        watch_readiness(self._metrics.ready, self._readiness)

    def run(self) -> None:
        """Classify until told to stop; returns after the last batch has ended.

        Raises:
            ClassifierError: it cannot start, or the query failed.
        """
        with Checkpoint(self._settings.classifier_checkpoint_dir) as checkpoint:
            self._metrics.checkpoint_saved.set_function(lambda: checkpoint.saved_at)
            management = self._start_management()
            try:
                self._run_spark(checkpoint)
            finally:
                management.stop()

    def _run_spark(self, checkpoint: Checkpoint) -> None:
        if not wait_for_master(self._settings, self._stop, self._enter):
            return
        spark = build_session(self._settings, inherited=(checkpoint.descriptor,))
        tasks = tasks_of(spark, self._settings)
        try:
            if not tasks.wait(self._stop, self._enter):
                return
            if not self._preload(tasks):
                return
            self._enter("waiting for Kafka and its topics")
            images = wait_for_topics(self._settings, self._stop, self._enter)
            if images is not None:
                checkpoint.claim_topic(self._settings.classifier_images_topic, images)
                self._warn_without(checkpoint)
                self._serve(spark, tasks, checkpoint)
        finally:
            self._enter("stopping")
            end_session(spark)

    def _serve(self, spark: SparkSession, tasks: Tasks, checkpoint: Checkpoint) -> None:
        query = self._start_query(spark)
        position = checkpoint.position(self._settings.classifier_images_topic)
        backlog = BacklogWatch(self._settings, self._metrics, position)
        backlog.start()
        self._state = Readiness(ok=True, reason="running")
        self._metrics.running.set(1)
        log.info("classifying images, trigger %s", self._settings.classifier_trigger)
        try:
            self._watch(spark, query, tasks, backlog, checkpoint)
            if self._stop.is_set():
                self._finish(spark, query)
            _raise_failure(query)
            log.info("stopped")
        finally:
            self._metrics.running.set(0)
            backlog.stop()

    def _watch(
        self, spark: SparkSession, query: StreamingQuery, tasks: Tasks, backlog: BacklogWatch, checkpoint: Checkpoint
    ) -> None:
        reader = ProgressReader(self._metrics, backlog.moved, backlog.waiting, _LOG_EVERY_S, time.monotonic())
        poll_at = time.monotonic() + _POLL_S
        while query.isActive and not self._stop.wait(_STOP_POLL_S):
            if time.monotonic() >= poll_at:
                poll_at = time.monotonic() + _POLL_S
                self._report(query, checkpoint, reader)
                self._models.take(read_report(spark))
                self._observe(tasks.check(time.monotonic()))

    def _report(self, query: StreamingQuery, checkpoint: Checkpoint, reader: ProgressReader) -> None:
        """Hand on what is new.

        A continuous query reports nothing: its checkpoint, saved each epoch, says where it is. What it classified
        before the first one that there ever was is not counted.
        """
        continuous = self._settings.classifier_trigger == "continuous"
        last = checkpoint.report(self._settings.classifier_images_topic) if continuous else query.lastProgress
        if last is None:
            return
        if not reader.begun:
            reader.begin(last if continuous else query.recentProgress[0])
        line = reader.read(last, time.monotonic())
        if line is not None:
            log.info("%s", line)

    def _finish(self, spark: SparkSession, query: StreamingQuery) -> None:
        self._enter("stopping")
        stop_after_batch(spark, query)
        try:
            query.awaitTermination(_FINISH_DEADLINE_S)
        except PySparkException:
            return  # the caller asks the query for its failure
        try:
            query.stop()
        except Py4JJavaError as error:  # Spark's limit has passed: spark.sql.streaming.stopTimeout
            reason = error.java_exception.getMessage()
            log.warning("the query does not end, so its batch is cut short and repeated: %s", reason)

    def _start_management(self) -> ManagementServer:
        address = self._settings.classifier_management_host, self._settings.classifier_management_port
        try:
            management = ManagementServer(address, self._registry, self._readiness)
        except OSError as error:
            raise ClassifierError(
                f"port {address[1]} of {address[0]} cannot be opened ({error.strerror}): set"
                " SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT"
            ) from error
        management.start()
        log.info("health and metrics on http://%s:%d", address[0], management.port)
        return management

    def _readiness(self) -> dict[str, Readiness]:
        return {"query": self._state}

    def _preload(self, tasks: Tasks) -> bool:
        doing = f"loading model {self._settings.default_model}"
        try:
            name = preload_watched(
                tasks, EngineOptions.of(self._settings), self._stop, lambda trouble: self._enter(trouble or doing)
            )
        except Py4JJavaError as error:
            raise ClassifierError(
                f"SIGHTLINE_DEFAULT_MODEL={self._settings.default_model} cannot be used:"
                f" {error.java_exception.getMessage()} (models are in {self._settings.models_dir})"
            ) from error
        if name is not None:
            log.info("model %s is ready", name)
        return name is not None

    def _start_query(self, spark: SparkSession) -> StreamingQuery:
        try:
            query = build_query(read_images(spark, self._settings), self._settings).start()
            if self._settings.classifier_trigger == "processing":
                pace(spark, query, self._settings)
            return query
        except (PySparkException, Py4JJavaError) as error:
            raise ClassifierError(f"the query cannot start: {first_line(error)}") from error

    def _warn_without(self, checkpoint: Checkpoint) -> None:
        if checkpoint.has_position:
            return
        self._metrics.started_without_checkpoint.set(1)
        log.warning(
            "NO CHECKPOINT in %s: classifying the image topic from its beginning",
            self._settings.classifier_checkpoint_dir,
        )

    def _observe(self, trouble: str | None) -> None:
        """Show in /readyz what keeps a running query from classifying; log it when that changes."""
        state = Readiness(ok=trouble is None, reason=trouble or "running")
        if state == self._state:
            return
        self._state = state
        if trouble is None:
            log.info("classifying again")
        else:
            log.warning("not classifying: %s", trouble)

    def _enter(self, reason: str) -> None:
        """Say in /readyz why no image is classified now."""
        self._state = Readiness(ok=False, reason=reason)


def _raise_failure(query: StreamingQuery) -> None:
    failure = query.exception()
    if failure is not None:
        raise ClassifierError(f"the query failed: {first_line(failure)}")
