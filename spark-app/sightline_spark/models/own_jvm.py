"""A JVM for one command, which prints to a log."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from py4j.java_gateway import JavaGateway
from pyspark import SparkConf
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway

from sightline_spark.configuration import NATIVE_ENVIRONMENT
from sightline_spark.models.errors import ModelError


def launch(conf: SparkConf, output: IO[bytes], whose: str) -> JavaGateway:
    """Start the JVM of `whose` ("Spark's"). Raises ModelError when it does not start."""
    os.environ.update(NATIVE_ENVIRONMENT)
    try:
        return launch_gateway(conf, {"stdout": output, "stderr": output})  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        raise ModelError(f"{whose} JVM did not start: is there a JDK 17?") from error


@contextmanager
def log_of_failure(whose: str) -> Iterator[IO[bytes]]:
    """A file for what a JVM prints; kept, and named as `whose` own log, when the block fails."""
    with tempfile.NamedTemporaryFile(prefix="sightline-model-", suffix=".log", delete=False) as output:
        log = Path(output.name)
        try:
            yield output
        except Exception as error:
            error.add_note(f"{whose} own log: {log}")
            raise
    log.unlink(missing_ok=True)
