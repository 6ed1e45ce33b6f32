"""The engine in a JVM of its own, without Spark's session: for commands that run a model on a few files."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO, Any, Final

from py4j.java_gateway import JavaGateway
from pyspark import SparkConf
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway

from sightline_spark.configuration import NATIVE_ENVIRONMENT
from sightline_spark.jars import class_path
from sightline_spark.models.errors import ModelError

_EXIT_DEADLINE_S: Final = 10.0


def _start(engine: Path, output: IO[bytes]) -> JavaGateway:
    os.environ.update(NATIVE_ENVIRONMENT)
    os.environ["SPARK_DIST_CLASSPATH"] = class_path(engine)
    conf = SparkConf(loadDefaults=False).set("spark.driver.memory", "2g")
    try:
        return launch_gateway(conf, {"stdout": output, "stderr": output})  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        raise ModelError("the engine's JVM did not start: is there a JDK 17?") from error


def _end(gateway: Any) -> None:
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_EXIT_DEADLINE_S)
    except TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


@contextmanager
def engine_session(engine: Path) -> Iterator[Any]:
    """Give Java's package `io.sightline.engine` inside the block. `engine` is the folder of the engine's jars.

    What the JVM prints goes to a log, kept and named when the block fails. Raises ModelError when the JVM does not
    start, ClassifierError when the engine or BigDL is not installed.
    """
    with tempfile.NamedTemporaryFile(prefix="sightline-model-", suffix=".log", delete=False) as output:
        log = Path(output.name)
        try:
            gateway = _start(engine, output)
            try:
                yield gateway.jvm.io.sightline.engine
            finally:
                _end(gateway)
        except Exception as error:
            error.add_note(f"the engine's own log: {log}")
            raise
    log.unlink(missing_ok=True)
