"""A program whose executors have jars and models at its own paths: MASTER MODELS PHOTOS OUT.

Run by table_on_cluster.py, on its cluster. The labels of the table PHOTOS go to the file OUT.
"""

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from sightline_spark import ImageClassifier, configure


def main() -> None:
    """One session, one frame."""
    master, models, photos, out = sys.argv[1:]
    builder = SparkSession.builder.master(master).config("spark.cores.max", "1").config("spark.driver.memory", "700m")
    builder = builder.config("spark.executor.memory", "700m").config("spark.ui.enabled", "false")
    spark = configure(builder, models=models, executors="installed").getOrCreate()
    classifier = ImageClassifier(inputCol="content", outputCol="classified", errorCol="error", topK=1)
    labelled = classifier.transform(spark.read.parquet(photos)).select("id", "classified.label", "classified.model")
    Path(out).write_text(json.dumps(sorted(list(row) for row in labelled.collect())))
    spark.stop()


if __name__ == "__main__":
    main()
