"""A Spark user's program on a cluster whose workers have neither Sightline's jars nor its models.

Run by test_table_cluster.py: MODELS FOLDER. It starts the cluster, too, so that it can add a worker, and kill an
executor while a job runs; then two other programs have the cluster. What it saw goes to FOLDER/seen.json.
"""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, explode, lit, sequence

from sightline_spark import ImageClassifier, configure
from tests.spark.conftest import digit_png
from tests.spark.standalone import SECRET, Standalone, standalone
from tests.spark.throughput_on_cluster import with_one_and_with_two

DIGITS: Final = 20
COPIES: Final = 600
PARTITIONS: Final = 8
DEADLINE_S: Final = 60.0
PROGRAM_S: Final = 240.0
# As docs/spark-cluster.md has it for clusters with a secret.
_DEFAULTS: Final = f"""
spark.authenticate                      true
spark.authenticate.secret               {SECRET}
spark.network.crypto.enabled            true
spark.network.crypto.authEngineVersion  2
spark.network.crypto.saslFallback       false
"""


def main() -> None:
    """All parts, one after the other, in one session."""
    models, folder = sys.argv[1], Path(sys.argv[2])
    (folder / "spark-defaults.conf").write_text(_DEFAULTS)
    os.environ["SPARK_CONF_DIR"] = str(folder)
    with standalone(folder, executors=1) as cluster:
        master = cluster.environment["SIGHTLINE_CLASSIFIER_MASTER"]
        builder = SparkSession.builder.master(master).config("spark.driver.memory", "700m")
        builder = builder.config("spark.executor.memory", "700m").config("spark.ui.enabled", "false")
        spark = configure(builder, models=models).getOrCreate()
        seen = _seen(spark, cluster, folder)
        spark.stop()
        seen |= _others(cluster, models, folder)
        (folder / "seen.json").write_text(json.dumps(seen))


def _seen(spark: SparkSession, cluster: Standalone, folder: Path) -> dict[str, Any]:
    photos = _photos(spark, folder)
    seen: dict[str, Any] = {
        "transformer": _labels(_classifier().transform(photos).select("id", "classified.label", "classified.model")),
        "function": _labels(photos.selectExpr("id", "classify_image(content).label", "classify_image(content).model")),
        "stream": _stream(spark, photos, folder),
        "throughput": with_one_and_with_two(spark, cluster),
    }
    (oldest,) = map(int, seen["throughput"]["one"]["classified"])  # it has both models already
    return {**seen, "killed": _killed(spark, photos, oldest, folder), "brought": _brought(folder)}


def _classifier() -> ImageClassifier:
    return ImageClassifier(inputCol="content", outputCol="classified", errorCol="error", model="digits-lenet", topK=1)


def _photos(spark: SparkSession, folder: Path) -> DataFrame:
    """Twenty digits and a text that is no image, from a table."""
    rows = [(f"{index:02}", bytearray(digit_png(index)[0])) for index in range(DIGITS)]
    frame = spark.createDataFrame([*rows, ("no-image", bytearray(b"no image"))], "id string, content binary")
    frame.repartition(4).write.parquet(str(folder / "photos"))
    return spark.read.parquet(str(folder / "photos"))


def _labels(frame: DataFrame) -> list[list[Any]]:
    return sorted(list(row) for row in frame.collect())


def _stream(spark: SparkSession, photos: DataFrame, folder: Path) -> list[list[Any]]:
    source = spark.readStream.schema(photos.schema).parquet(str(folder / "photos"))
    classified = _classifier().transform(source).select("id", "classified.label", "classified.model")
    query = (
        classified.writeStream.trigger(availableNow=True)
        .option("checkpointLocation", str(folder / "checkpoint"))
        .start(str(folder / "streamed"), "parquet", "append")
    )
    assert query.awaitTermination(int(DEADLINE_S)), "the stream did not end"
    return _labels(spark.read.parquet(str(folder / "streamed")))


def _many(photos: DataFrame) -> DataFrame:
    copies = explode(sequence(lit(1), lit(COPIES)))
    return photos.where("id != 'no-image'").withColumn("copy", copies).repartition(PARTITIONS, "copy", "id")


def _killed(spark: SparkSession, photos: DataFrame, executor: int, folder: Path) -> dict[str, int]:
    """Writes on both executors while `executor` is killed, and counts what was written."""
    out = str(folder / "killed")
    labelled = _classifier().transform(_many(photos)).select("id", "copy", "classified.label")
    job = Thread(target=labelled.write.parquet, args=[out])
    failed = 0
    job.start()
    _await_tasks(spark, job)
    os.kill(executor, signal.SIGKILL)
    while job.is_alive():
        failed = max([failed, *(stage.numFailedTasks for stage in _stages(spark))])
        time.sleep(0.01)
    written = spark.read.parquet(out)
    return {
        "rows": written.count(),
        "distinct": written.select("id", "copy").distinct().count(),
        "labelled": written.where(col("label").isNotNull()).count(),
        "failed_tasks": failed,
    }


def _await_tasks(spark: SparkSession, job: Thread) -> None:
    """Until one of the classifying stage's tasks is done and others run on both executors."""
    deadline = time.monotonic() + DEADLINE_S
    while not any(
        stage.numTasks == PARTITIONS and stage.numCompletedTasks and stage.numActiveTasks > 1
        for stage in _stages(spark)
    ):
        assert job.is_alive(), "it ended before an executor could be killed"
        assert time.monotonic() < deadline, "no task was done in time"
        time.sleep(0.01)


def _stages(spark: SparkSession) -> list[Any]:
    tracker = spark.sparkContext.statusTracker()
    found = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return [stage for stage in found if stage is not None]


def _brought(folder: Path) -> list[int]:
    """Of each executor's folder, how many of the engine's and BigDL's jars and of archives of models are in it."""
    executors = {jar.parent for jar in folder.rglob("sightline-engine-*.jar")}
    return [
        len([*executor.glob("*.jar"), *(path for path in executor.glob("sightline-models-*") if path.is_dir())])
        for executor in executors
    ]


def _others(cluster: Standalone, models: str, folder: Path) -> dict[str, Any]:
    """A backfill and a program of the `installed` way beside each other, an executor each."""
    before = len(_brought(folder))
    plain = {name: value for name, value in os.environ.items() if name != "SPARK_DIST_CLASSPATH"}
    environment = {**plain, **cluster.environment, "SIGHTLINE_MODELS_DIR": models}
    photos, labels, kept = str(folder / "photos"), str(folder / "installed.json"), str(folder / "kept")
    options = ["--glob", "*", "--piece", "12", "--out", kept]
    master = cluster.environment["SIGHTLINE_CLASSIFIER_MASTER"]
    with ThreadPoolExecutor() as pool:
        backfill = pool.submit(_run, environment, "sightline_spark.backfill", "folder", _files(folder), *options)
        installed = pool.submit(_run, plain, "tests.spark.installed_on_cluster", master, models, photos, labels)
    installed.result()
    return {
        "said": backfill.result(),
        "installed": json.loads(Path(labels).read_text()),
        "backfill": _kept(kept),
        "copied": len(_brought(folder)) - before,
    }


def _files(folder: Path) -> str:
    """The images of `_photos` as files, named by their ids."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for index in range(DIGITS):
        (pictures / f"{index:02}").write_bytes(digit_png(index)[0])
    (pictures / "no-image").write_bytes(b"no image")
    return str(pictures)


def _run(environment: dict[str, str], module: str, *arguments: str) -> str:
    """What the module prints; it must end well."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=PROGRAM_S, check=True)
    return done.stdout


def _kept(table: str) -> list[list[Any]]:
    """The labels of a table of results; a session without executors reads it."""
    spark = SparkSession.builder.master("local[1]").config("spark.jars", "").getOrCreate()
    try:
        return _labels(spark.read.parquet(table).select("name", "label", "model"))
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
