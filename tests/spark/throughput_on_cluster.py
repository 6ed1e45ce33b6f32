"""How many photos each executor of a cluster classified, and how long all of them took."""

import time
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col, expr

from sightline_local.samples import PHOTOS, photo
from sightline_spark import ImageClassifier
from tests.spark.standalone import Standalone, until

COUNT: Final = 160
_TASKS: Final = 16  # small ones, so that an executor which is slower takes fewer
_WARM_UP: Final = 32
_WARM_UP_TASKS: Final = 4
_LABELS: Final = "classified.label IN ('palace', 'daisy')"


def with_one_and_with_two(spark: SparkSession, cluster: Standalone) -> dict[str, Any]:
    """Classifies the photos on the one executor there is, adds a worker, and does it on both.

    `one` and `two` have the photos that each executor classified, by its process id, with the seconds of it all.
    """
    photos = _photos(spark)
    _warm_up(spark, photos, 1)
    one = _timed(spark, photos)
    cluster.start("another", SPARK_DIST_CLASSPATH="")  # which `configure` has set for this program's own JVM
    until(lambda: len(cluster.executors()) == 2, "the other worker's executor", cluster.logs)
    _warm_up(spark, photos, 2)
    return {"one": one, "two": _timed(spark, photos)}


def _photos(spark: SparkSession) -> DataFrame:
    rows = [(number, bytearray(photo(name).data)) for number, name in enumerate(PHOTOS)]
    return spark.createDataFrame(rows, "which long, content binary")


def _warm_up(spark: SparkSession, photos: DataFrame, executors: int) -> None:
    """Until so many have loaded the model; one that is registered last may get no task of a first small job."""
    until(lambda: len(_by_executor(spark, photos, _WARM_UP, _WARM_UP_TASKS)) == executors, f"{executors} that classify")


def _timed(spark: SparkSession, photos: DataFrame) -> dict[str, Any]:
    began = time.monotonic()
    classified = _by_executor(spark, photos, COUNT, _TASKS)
    return {"classified": classified, "seconds": time.monotonic() - began}


def _by_executor(spark: SparkSession, photos: DataFrame, count: int, tasks: int) -> dict[str, int]:
    """How many photos each executor gave their label, by its process id."""
    which = spark.range(0, count, 1, tasks).withColumn("which", col("id") % len(PHOTOS))
    classifier = ImageClassifier(
        inputCol="content", outputCol="classified", errorCol="error", model="efficientnet-lite0", topK=1
    )
    labelled = classifier.transform(which.join(broadcast(photos), "which")).where(_LABELS)
    executor = expr("java_method('java.lang.ProcessHandle', 'current')")  # its text is the process id
    return {row[0]: row[1] for row in labelled.withColumn("executor", executor).groupBy("executor").count().collect()}
