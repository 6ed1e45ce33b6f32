"""Sessions that have the engine: its jars behind Spark's own, the SQL function, the folder of models."""

import os
from pathlib import Path
from typing import Any, Final

from pyspark import SparkContext
from pyspark.sql import SparkSession

from sightline_spark.configuration import NATIVE_ENVIRONMENT, log_options
from sightline_spark.jars import ENGINE_JARS, class_path
from sightline_spark.table.executors import Executors, executor_configuration, runs_here

EXTENSIONS: Final = "io.sightline.engine.table.SightlineExtensions"
_CLASS_PATH: Final = "SPARK_DIST_CLASSPATH"


def configure(
    builder: SparkSession.Builder,
    *,
    models: str | Path = "models",
    engine: Path | None = None,
    executors: Executors | None = None,
) -> SparkSession.Builder:
    """Give the session that `builder` makes the engine, the SQL function `classify_image` and a folder of models.

    Call it before the first session of the process. In a process whose session has the engine already, only the folder
    changes.

    Args:
        builder: it is changed, and returned.
        models: the folder of bundles, NAME/VERSION/model.json.
        engine: the folder of the engine's jars; default: where `make engine` leaves them.
        executors: how executors in JVMs of their own come to jars and models. `shipped`: Spark copies both to them;
            `installed`: they have both at this machine's paths. Default: `shipped` if `builder` has been given a
            master that is not local.

    Raises:
        ClassifierError: the engine or BigDL is not installed.
        RuntimeError: Spark runs in this process already, without the engine.
    """
    jars = class_path(ENGINE_JARS if engine is None else engine)
    if _running():
        _require_engine()
    else:
        os.environ.update(NATIVE_ENVIRONMENT)
        os.environ[_CLASS_PATH] = ":".join(filter(None, [os.environ.get(_CLASS_PATH), jars]))
        known: dict[str, str] = builder._options
        extensions = dict.fromkeys([*known.get("spark.sql.extensions", "").split(","), EXTENSIONS])
        builder.config("spark.sql.extensions", ",".join(filter(None, extensions)))
        java = [*log_options("spark", "text", "WARNING"), known.get("spark.driver.defaultJavaOptions", "")]
        builder.config("spark.driver.defaultJavaOptions", " ".join(filter(None, java)))
        if executors is None and not runs_here(known.get("spark.master", "local")):
            executors = "shipped"
        if executors is not None:
            for name, value in executor_configuration(jars, executors, known).items():
                builder.config(name, value)
    return builder.config("spark.sightline.models", str(Path(models).resolve()))


def _running() -> bool:
    return SparkContext._gateway is not None


def _require_engine() -> None:
    jvm: Any = SparkContext._jvm
    if not str(jvm.io.sightline.engine.table.ImageClassifier).startswith("<py4j.java_gateway.JavaClass"):
        raise RuntimeError(
            "Spark runs in this process already, without the engine: call configure() before the first session"
        )
