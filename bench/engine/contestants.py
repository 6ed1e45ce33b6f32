"""How each query of a stream comparison is started."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyspark

from bench.engine.context import ROOT, Context
from bench.engine.java import ENGINE
from bench.engine.subjects import Subject
from bench.engine.topic import Program
from bench.engine.worker import one_thread_environment
from sightline_spark.jars import engine_jars

BACKLOG: Final = 1536  # divisible by the partitions and by the micro-batches below
UDF_TRIGGER, UDF_IMAGES = 384, 1152
# The first micro-batch loads and warms; two more count. It is slow: more would take minutes.
NNMODEL_TRIGGER, NNMODEL_IMAGES = 64, 192


@dataclass(frozen=True, slots=True)
class Query:
    """A contender: ours in some precision, or a rival and what ours (by precision) has to reach against it."""

    name: str
    kind: str
    precision: str
    goals: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where one query works: the broker's address, its results topic, a checkpoint folder that does not exist yet."""

    bootstrap: str
    topic: str
    checkpoint: Path


def program(query: Query, context: Context, tested: Subject, models: Path, place: Place) -> Program:
    """The process to start for this query."""
    return _KINDS[query.kind](query, context, tested, models, place)


def _classifier(query: Query, _: Context, tested: Subject, models: Path, place: Place) -> Program:
    return classifier(query, tested.bundle.parent.name, models, place)


def classifier(query: Query, model: str, models: Path, place: Place) -> Program:
    """Ours as users run it, apart from what is asked for here."""
    environment = {
        **os.environ,
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": place.bootstrap,
        "SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR": str(place.checkpoint),
        "SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT": "0",
        "SIGHTLINE_CLASSIFIER_MASTER": "local[2]",
        "SIGHTLINE_CLASSIFIER_PRECISION": query.precision,
        "SIGHTLINE_CLASSIFIER_RESULTS_TOPIC": place.topic,
        "SIGHTLINE_DEFAULT_MODEL": model,
        "SIGHTLINE_MODELS_DIR": str(models),
        "SIGHTLINE_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "sightline_spark", "--trigger", "processing"]
    return Program(query.name, command, environment, BACKLOG * 2 // 5, BACKLOG)


def _nnmodel(query: Query, _: Context, tested: Subject, __: Path, place: Place) -> Program:
    arguments = [place.bootstrap, place.topic, str(tested.bundle), str(place.checkpoint), str(NNMODEL_TRIGGER)]
    command = [sys.executable, "-m", "bench.engine.queries.nnmodel", *arguments]
    environment = {**one_thread_environment(), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    return Program(query.name, command, environment, NNMODEL_TRIGGER, NNMODEL_IMAGES)


def _batch_udf(query: Query, context: Context, tested: Subject, _: Path, place: Place) -> Program:
    """Spark itself comes from the project's environment, as an archive; the peers' has what its UDFs need."""
    spark = Path(pyspark.__file__).parent
    archives = sorted((spark / "python" / "lib").glob("*.zip"))
    connector = [jar for jar in engine_jars(ENGINE / "engine") if "kafka" in jar.name or "commons-pool2" in jar.name]
    jars = ",".join(map(str, connector))
    arguments = [query.kind, query.precision, str(tested.onnx), place.bootstrap, place.topic, str(place.checkpoint)]
    script = ROOT / "bench" / "engine" / "queries" / "batch_udf.py"
    command = [str(context.peers_python), str(script), *arguments, str(UDF_TRIGGER), jars]
    environment = {
        **one_thread_environment(),
        "PYTHONPATH": ":".join(map(str, archives)),
        "SPARK_HOME": str(spark),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    return Program(query.name, command, environment, UDF_TRIGGER, UDF_IMAGES)


_KINDS: Final[dict[str, Callable[[Query, Context, Subject, Path, Place], Program]]] = {
    "classifier": _classifier,
    "nnmodel": _nnmodel,
    "onnxruntime": _batch_udf,
    "openvino": _batch_udf,
}
