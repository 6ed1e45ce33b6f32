"""The table of photos: 64 cuts of two real photos, over and over, with a number each."""

from pathlib import Path
from typing import Final

import pyspark.sql.functions as f
from pyspark.sql import SparkSession

from bench.engine.photos import COUNT, photos

FILES: Final = 8


def write_table(place: Path, images: int) -> None:
    """Write it as Parquet, in several files. Starts and ends a Spark of its own: run it apart."""
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    files = spark.createDataFrame(
        [(at, bytearray(photo)) for at, photo in enumerate(photos())], "at int, content binary"
    )
    numbers = spark.range(images).select(f.col("id").cast("int").alias("number"))
    table = (
        numbers.join(files, f.expr(f"number % {COUNT} = at")).select("number", "content").repartition(FILES, "number")
    )
    table.write.mode("overwrite").parquet(str(place))
    spark.stop()


if __name__ == "__main__":
    import sys

    write_table(Path(sys.argv[1]), int(sys.argv[2]))
