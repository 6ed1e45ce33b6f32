"""Sightline over a Parquet table, as a Spark user writes it; obeys its standard input (see bench/spark/contest.py).

python -m bench.spark.ours transformer|sql PRECISION TABLE MODELS MODEL
"""

import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from bench.spark.turns import serve
from sightline_spark import ImageClassifier, configure


def main() -> None:
    """Classify the table at each turn."""
    way, precision, table, models, model = sys.argv[1:]
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder.config("spark.driver.memory", "2g").config("spark.sightline.precision", precision)
    spark = configure(builder.config("spark.sightline.model", model), models=Path(models)).getOrCreate()
    photos = spark.read.parquet(table)
    serve(lambda: [tuple(row) for row in answers(photos, way).collect()])


def answers(photos: DataFrame, way: str) -> DataFrame:
    """Columns number and index."""
    if way == "sql":
        return photos.selectExpr("number", "classify_image(content).index")
    return ImageClassifier().transform(photos).select("number", "classified.index")


if __name__ == "__main__":
    main()
