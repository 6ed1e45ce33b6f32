"""The product's own query on a Spark master that its settings do not offer: `local-cluster[N,1,2048]`.

    python -m bench.engine.queries.classifier MASTER EXECUTORS

Everything else comes from the environment, as with `python -m sightline_spark`. A local cluster runs each executor in a
JVM of its own, as on several machines, so the settings are those of a standalone cluster whose master is on this one.
"""

import os
import sys
from typing import Final

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from sightline_local.ports import free_port
from sightline_spark.configuration import NATIVE_ENVIRONMENT, spark_configuration
from sightline_spark.jars import class_path
from sightline_spark.query import build_query, pace, read_images
from sightline_spark.settings import ClassifierSettings

LOOPBACK: Final = "127.0.0.1"


def main() -> None:
    """Run until somebody ends the process."""
    master, executors = sys.argv[1], int(sys.argv[2])
    settings = ClassifierSettings(
        classifier_master=f"spark://{LOOPBACK}:7077",
        classifier_executors=executors,
        classifier_driver_host=LOOPBACK,
        classifier_driver_port=free_port(),
        classifier_block_manager_port=free_port(),
    )
    spark = session(settings, master)
    query = build_query(read_images(spark, settings), settings).start()
    pace(spark, query, settings)
    query.awaitTermination()


def session(settings: ClassifierSettings, master: str) -> SparkSession:
    """As the product builds it, but for the master."""
    jars = class_path(settings.classifier_engine_dir)
    configuration = {**spark_configuration(settings, jars, "bench", "text"), "spark.master": master}
    os.environ.update(NATIVE_ENVIRONMENT)
    os.environ["SPARK_DIST_CLASSPATH"] = jars
    os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    conf = SparkConf(loadDefaults=False).setAll(list(configuration.items()))
    gateway = launch_gateway(conf)  # type: ignore[no-untyped-call]
    return SparkSession(SparkContext(conf=conf, gateway=gateway))


if __name__ == "__main__":
    main()
