"""A small Spark session with BigDL in it, for building, training and referring models on one machine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from sightline_spark.models.bigdl_api import init_engine, quietly
from sightline_spark.models.errors import ModelError

DRIVER_MEMORY = "2g"  # EfficientNet-Lite0 with its activations at batch 2 takes 400 MB; 1g is tight for training
CORES = 2  # the trainings here are small: more threads wait for each other


def bigdl_jars() -> list[Path]:
    """The two jars that come with BigDL's wheels. Raises ModelError when BigDL is not installed."""
    spec = find_spec("bigdl")
    roots = list(spec.submodule_search_locations or ()) if spec else []
    jars = [jar for root in roots for jar in sorted(Path(root).glob("share/*/lib/*.jar"))]
    if not jars:
        raise ModelError("BigDL's jars are missing: install the packages of requirements/lock.txt")
    return jars


def _configuration() -> SparkConf:
    settings = {
        "spark.app.name": "sightline-model",
        "spark.master": f"local[{CORES}]",
        "spark.jars": ",".join(map(str, bigdl_jars())),
        "spark.driver.memory": DRIVER_MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        # Two settings that BigDL's Engine insists on; without them it refuses to start.
        "spark.shuffle.reduceLocality.enabled": "false",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    }
    return SparkConf(loadDefaults=False).setAll(list(settings.items()))


def _start(log: Path) -> SparkSession:
    # BigDL runs one copy of the model on each core itself; MKL threads would fight them for the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    conf = _configuration()
    with log.open("wb") as output:
        gateway = launch_gateway(conf, {"stdout": output, "stderr": output})  # type: ignore[no-untyped-call]
    context = SparkContext(conf=conf, gateway=gateway)
    return SparkSession(context)


@contextmanager
def bigdl_session() -> Iterator[SparkSession]:
    """Give the running Spark session, or a new one that ends with the block, with BigDL's engine started.

    A new session's JVM is chatty: what it prints goes to a log in the temporary folder, kept when the block fails.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        with quietly():
            init_engine()
        yield running
        return
    with tempfile.NamedTemporaryFile(prefix="sightline-model-", suffix=".log", delete=False) as file:
        log = Path(file.name)
    try:
        session = _start(log)
        with quietly():
            init_engine()
        yield session
    except Exception as error:
        error.add_note(f"Spark's and BigDL's own log: {log}")
        raise
    else:
        log.unlink()
    finally:
        if (started := SparkSession.getActiveSession()) is not None:
            started.stop()
