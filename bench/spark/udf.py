"""A peer over the same table by `predict_batch_udf`. Runs in the peers' environment.

    python bench/spark/udf.py RUNTIME PRECISION MODEL.onnx TABLE

The function itself is bench/engine's (queries/batch_udf.py): it decodes too, so that files, not tensors, cross from
the JVM to Python, and there is one Python process a core, which keeps its compiled model.
"""

import importlib
import sys
from pathlib import Path

from pyspark.ml.functions import predict_batch_udf

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:0] = [str(ROOT / "bench" / "engine" / "queries"), str(ROOT / "bench" / "spark")]


def main() -> None:
    """Classify the table at each turn."""
    batch_udf = importlib.import_module("batch_udf")
    serve = importlib.import_module("turns").serve

    runtime, precision, model, table = sys.argv[1:]
    spark = batch_udf.session("")
    maker = batch_udf.maker(runtime, precision, model)
    classify = predict_batch_udf(maker, return_type=batch_udf._ANSWER, batch_size=batch_udf.BATCH)  # noqa: SLF001
    photos = spark.read.parquet(table)
    serve(lambda: [tuple(row) for row in photos.select("number", classify("content")["index"]).collect()])


if __name__ == "__main__":
    main()
