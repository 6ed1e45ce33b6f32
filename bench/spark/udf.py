"""A peer over the same table by `predict_batch_udf`. Runs in the peers' environment.

    python bench/spark/udf.py RUNTIME PRECISION MODEL.onnx TABLE...

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
    """Classify the asked table at each turn."""
    batch_udf = importlib.import_module("batch_udf")
    serve = importlib.import_module("turns").serve

    runtime, precision, model, *tables = sys.argv[1:]
    spark = batch_udf.session("")
    maker = batch_udf.maker(runtime, precision, model)
    classify = predict_batch_udf(maker, return_type=batch_udf.ANSWER, batch_size=batch_udf.BATCH)

    def rows(table: str) -> list[tuple[int, int]]:
        answers = spark.read.parquet(table).select("number", classify("content")["index"])
        return [(row[0], row[1]) for row in answers.collect()]

    serve(rows, tables)


if __name__ == "__main__":
    main()
