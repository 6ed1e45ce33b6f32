"""A small Spark session with BigDL in it, for building, training and referring models on one machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, Final

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from sightline_spark.jars import bigdl_jars
from sightline_spark.models.bigdl_api import forget_jvm, init_engine, quietly
from sightline_spark.models.own_jvm import launch, log_of_failure
from sightline_spark.session import end_session

CORES = 2  # the models trained here are small: more threads would only wait for each other

_CONFIGURATION: Final = {
    "spark.app.name": "sightline-model",
    "spark.master": f"local[{CORES}]",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
}


def _start(output: IO[bytes]) -> SparkSession:
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # nothing here listens beyond this machine
    conf = SparkConf(loadDefaults=False).setAll(list(_CONFIGURATION.items()))
    conf.set("spark.jars", ",".join(map(str, bigdl_jars())))
    return SparkSession(SparkContext(conf=conf, gateway=launch(conf, output, "Spark's")))


@contextmanager
def _own_session() -> Iterator[None]:
    """A session for this block alone. What its JVM prints goes to a log, kept and named when the block fails."""
    with log_of_failure("Spark's and BigDL's") as output:
        session = _start(output)
        forget_jvm()
        try:
            yield
        finally:
            end_session(session)


@contextmanager
def bigdl_session() -> Iterator[None]:
    """Have a Spark session with BigDL's engine started inside the block: the running one, or one of its own.

    Raises ModelError when the JVM does not start, ClassifierError when BigDL is not installed.
    """
    with _own_session() if SparkSession.getActiveSession() is None else nullcontext():
        with quietly():
            init_engine()
        yield
