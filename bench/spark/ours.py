"""Sightline over a Parquet table, as a Spark user writes it; obeys its standard input (see bench/spark/contest.py).

python -m bench.spark.ours transformer|sql PRECISION MODELS MODEL TABLE...
"""

import sys
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from bench.spark.turns import Rows, serve
from sightline_spark import ImageClassifier, configure


def main() -> None:
    """Classify the asked table at each turn."""
    way, precision, models, model, *tables = sys.argv[1:]
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder.config("spark.driver.memory", "2g").config("spark.sightline.precision", precision)
    spark = configure(builder.config("spark.sightline.model", model), models=Path(models)).getOrCreate()
    serve(partial(rows, spark, way), tables)


def rows(spark: SparkSession, way: str, table: str) -> Rows:
    """Number and index of each photo."""
    return [(row[0], row[1]) for row in answers(spark.read.parquet(table), way).collect()]


def answers(photos: DataFrame, way: str) -> DataFrame:
    """Columns number and index."""
    if way == "sql":
        return photos.selectExpr("number", "classify_image(content).index")
    return ImageClassifier().transform(photos).select("number", "classified.index")


if __name__ == "__main__":
    main()
