"""The Spark session: our own, with the engine's and BigDL's jars and nothing that BigDL's launcher would add."""

import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, Final

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings

_LOG4J: Final = Path(__file__).with_name("log4j2.properties")
_JVM_EXIT_DEADLINE_S: Final = 10.0

# Read by native code when the JVM loads it, so they are set before the JVM starts. Every Spark task computes on its
# own thread: OpenMP threads below it would fight for the same cores (and spin while they wait).
NATIVE_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "KMP_BLOCKTIME": "0",
    "KMP_AFFINITY": "disabled",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
}

_CONFIGURATION: Final = {
    "spark.app.name": "sightline-classifier",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # Each micro-batch is planned anew, and most of them hold a handful of images: what follows takes work out of
    # planning that pays only for millions of rows or for a UI that is off. docs/tuning.md has the measurements.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.retainedTasks": "10",
    "spark.locality.wait": "0",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.sql.streaming.pollingDelay": "2ms",
    "spark.sql.streaming.minBatchesToRetain": "10",
    # The default manager starts a `readlink` process for each file whenever it lists its old positions.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"
    ),
    "spark.sql.streaming.stopTimeout": "20s",
}


def build_session(settings: ClassifierSettings, *, inherited: tuple[int, ...] = ()) -> SparkSession:
    """Start the JVM, out of reach of a terminal's Ctrl-C, and the session in it. Takes some 5 s.

    The JVM inherits the file descriptors `inherited`, and with them the locks they hold.

    Raises:
        ClassifierError: the engine or BigDL is not installed, or there is no Java.
    """
    jars = engine_jars(settings.classifier_engine_dir) + bigdl_jars()
    os.environ.update(NATIVE_ENVIRONMENT)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if settings.local_master:
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # all in one process: nothing listens beyond this machine
    conf = SparkConf(loadDefaults=False).setAll(
        [
            *_CONFIGURATION.items(),
            ("spark.master", settings.master),
            ("spark.driver.memory", settings.classifier_driver_memory),
            ("spark.driver.extraJavaOptions", _java_options(settings)),
            ("spark.jars", ",".join(str(jar) for jar in jars)),
        ]
    )
    try:
        gateway = launch_gateway(conf, popen_kwargs={"start_new_session": True, "pass_fds": inherited})  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        raise ClassifierError("Spark's JVM did not start: is there a JDK 17?") from error
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        return SparkSession(SparkContext(conf=conf, gateway=gateway))
    finally:
        signal.signal(signal.SIGINT, on_interrupt)  # PySpark takes it to cancel jobs and raise


def end_session(spark: SparkSession) -> None:
    """Stop the session and wait until its JVM is gone."""
    gateway: Any = SparkContext._gateway  # noqa: SLF001 - PySpark has no public way to its process
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_JVM_EXIT_DEADLINE_S)
    except TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()
    SparkContext._gateway = None  # noqa: SLF001 - else a later session in this process would use the dead one
    SparkContext._jvm = None  # noqa: SLF001


def engine_jars(folder: Path) -> list[Path]:
    """The engine's jar and what it needs beyond Spark and BigDL.

    Raises:
        ClassifierError: they have not been built.
    """
    jars = sorted(folder.glob("*.jar"))
    if not any(jar.name.startswith("sightline-engine") for jar in jars):
        raise ClassifierError(f"the inference engine is not built (no jars in {folder}): run `make engine`")
    return jars


def bigdl_jars() -> list[Path]:
    """BigDL's jars inside its Python packages.

    Raises:
        ClassifierError: the packages are not installed.
    """
    spec = find_spec("bigdl")
    folders = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    jars = [jar for folder in folders for jar in sorted(folder.glob("share/*/lib/*.jar"))]
    if len(jars) < 2:
        raise ClassifierError("BigDL is not installed in this Python environment: run `make install`")
    return jars


def _java_options(settings: ClassifierSettings) -> str:
    return " ".join(
        [
            f"-Dlog4j2.configurationFile={_LOG4J.as_uri()}",
            "-XX:+UseParallelGC",
            "-XX:+ExitOnOutOfMemoryError",  # half-dead after it, the query would hang; the supervisor restarts us
            settings.classifier_java_options,
        ]
    )
