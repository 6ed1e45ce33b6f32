"""The tables of photos: 64 cuts of two real photos, over and over, with a number each."""

import sys
from pathlib import Path
from typing import Final

import pyspark.sql.functions as f
from pyspark.sql import SparkSession

from bench.engine.photos import COUNT, photos

# Files of one size: a task that has more to do than the other leaves a core idle at the end.
FILES: Final = 8


def write_tables(places: dict[Path, int]) -> None:
    """Write as many photos as asked to each place, as Parquet. Starts and ends a Spark of its own: run it apart."""
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    files = spark.createDataFrame(
        [(at, bytearray(photo)) for at, photo in enumerate(photos())], "at int, content binary"
    )
    for place, images in places.items():
        numbers = spark.range(images).select(f.col("id").cast("int").alias("number"))
        table = numbers.join(f.broadcast(files), f.expr(f"number % {COUNT} = at")).select("number", "content")
        table.repartition(FILES).write.mode("overwrite").parquet(str(place))
    spark.stop()


if __name__ == "__main__":
    write_tables({Path(place): int(images) for place, images in zip(sys.argv[1::2], sys.argv[2::2], strict=True)})
