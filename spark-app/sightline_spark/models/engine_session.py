"""The engine in a JVM of its own, without Spark's session: for commands that run a model on a few files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark import SparkConf

from sightline_spark.jars import class_path
from sightline_spark.models.own_jvm import launch, log_of_failure
from sightline_spark.session import end_jvm


@contextmanager
def engine_session(engine: Path) -> Iterator[Any]:
    """Give Java's package `io.sightline.engine` inside the block. `engine` is the folder of the engine's jars.

    What the JVM prints goes to a log, kept and named when the block fails. Raises ModelError when the JVM does not
    start, ClassifierError when the engine or BigDL is not installed.
    """
    with log_of_failure("the engine's") as output:
        os.environ["SPARK_DIST_CLASSPATH"] = class_path(engine)
        conf = SparkConf(loadDefaults=False).set("spark.driver.memory", "2g")
        gateway: Any = launch(conf, output, "the engine's")
        try:
            yield gateway.jvm.io.sightline.engine
        finally:
            end_jvm(gateway)
