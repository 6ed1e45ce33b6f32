"""The Spark session: our own, with the engine's and BigDL's jars and nothing that BigDL's launcher would add."""

import logging
import os
import signal
import sys
from subprocess import TimeoutExpired
from typing import Any, Final
from uuid import uuid4

from py4j.java_gateway import JavaGateway
from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from sightline_common.addresses import is_loopback
from sightline_spark.cluster import MasterKind
from sightline_spark.configuration import (
    AUTHENTICATION,
    NATIVE_ENVIRONMENT,
    jvm_log_format,
    spark_configuration,
)
from sightline_spark.errors import ClassifierError, first_line
from sightline_spark.jars import class_path
from sightline_spark.settings import ClassifierSettings

log = logging.getLogger(__name__)

_JVM_EXIT_DEADLINE_S: Final = 10.0


def build_session(settings: ClassifierSettings, *, inherited: tuple[int, ...] = ()) -> SparkSession:
    """Start the JVM, out of reach of a terminal's Ctrl-C, and the session in it. Takes some 5 s.

    The JVM inherits the file descriptors `inherited`, and with them the locks they hold. Executors may come later.

    Raises:
        ClassifierError: the engine or BigDL is not installed, there is no Java, or no master.
    """
    jars = class_path(settings.classifier_engine_dir)
    secret = _secret(settings)
    logs = jvm_log_format(settings.log_format)
    configuration = spark_configuration(settings, jars, uuid4().hex[:8], logs)
    conf = SparkConf(loadDefaults=False).setAll(list(configuration.items()))
    gateway = _launch(conf, settings, jars, inherited)
    conf.setAll(list(secret.items()))  # only now: what the JVM is launched with, every user of the machine can read
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        return SparkSession(SparkContext(conf=conf, gateway=gateway))
    except Py4JJavaError as error:
        raise ClassifierError(f"Spark did not start on {settings.master}: {_message(error)}") from error
    finally:
        signal.signal(signal.SIGINT, on_interrupt)  # PySpark takes it to cancel jobs and raise


def end_session(spark: SparkSession) -> None:
    """Stop the session and wait until its JVM is gone."""
    gateway: Any = SparkContext._gateway  # noqa: SLF001 - PySpark has no public way to its process
    spark.stop()
    end_jvm(gateway)
    SparkContext._gateway = None  # noqa: SLF001 - else a later session in this process would use the dead one
    SparkContext._jvm = None  # noqa: SLF001


def end_jvm(gateway: Any) -> None:
    """End the process behind PySpark's `gateway` and wait until it is gone."""
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_JVM_EXIT_DEADLINE_S)
    except TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


def _message(error: Py4JJavaError) -> str:
    return first_line(Exception(error.java_exception.getMessage()))


def _launch(conf: SparkConf, settings: ClassifierSettings, jars: str, inherited: tuple[int, ...]) -> JavaGateway:
    os.environ.update(NATIVE_ENVIRONMENT)
    os.environ["SPARK_DIST_CLASSPATH"] = jars
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if settings.local_master or is_loopback(str(settings.classifier_driver_host)):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # all on this machine: nothing listens beyond it
    try:
        return launch_gateway(conf, popen_kwargs={"start_new_session": True, "pass_fds": inherited})  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        raise ClassifierError("Spark's JVM did not start: is there a JDK 17?") from error


def _secret(settings: ClassifierSettings) -> dict[str, str]:
    """What a standalone cluster's secret adds to the configuration."""
    if settings.master_kind is not MasterKind.STANDALONE:
        return {}
    secret = settings.read_secret()
    if secret is None:
        log.warning(
            "SIGHTLINE_CLASSIFIER_SPARK_SECRET is not set: who reaches port %d can run programs on the executors",
            settings.classifier_driver_port,
        )
        return {}
    return {**AUTHENTICATION, "spark.authenticate.secret": secret}
