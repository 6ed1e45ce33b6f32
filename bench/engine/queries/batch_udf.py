"""Kafka to Kafka with a peer in PySpark's own way: `predict_batch_udf`. Runs in the peers' environment.

    python batch_udf.py RUNTIME PRECISION MODEL.onnx BOOTSTRAP RESULTS_TOPIC CHECKPOINT PER_TRIGGER JARS

In its favour: the function that predicts also decodes, so that files, not tensors, cross from the JVM to Python; there
is one Python process a core, which keeps its compiled model. It imports nothing of the project, which is not installed
there.
"""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyspark import SparkConf
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t

BATCH: Final = 16
# EfficientNet-Lite0's picture rule, as its bundle has it.
RESIZE, SIDE, MEAN, STD = 256, 224, 127.0, 128.0
ANSWER: Final = t.StructType([t.StructField("index", t.LongType()), t.StructField("probability", t.FloatType())])

Floats = NDArray[np.float32]
Predict = Callable[[NDArray[Any]], dict[str, NDArray[Any]]]


def main() -> None:
    """Run until somebody ends the process."""
    runtime, precision, model, bootstrap, target, checkpoint, per_trigger, jars = sys.argv[1:]
    spark = session(jars)
    # Results of a task leave as they come, not when its last image is done.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(4 * BATCH))
    options = {"subscribe": "images", "startingOffsets": "earliest", "maxOffsetsPerTrigger": per_trigger}
    images = spark.readStream.format("kafka").option("kafka.bootstrap.servers", bootstrap).options(**options).load()
    classify = predict_batch_udf(maker(runtime, precision, model), return_type=ANSWER, batch_size=BATCH)
    rows = images.select("key", f.to_json(classify("value")).alias("value"))
    writer = rows.writeStream.format("kafka").option("kafka.bootstrap.servers", bootstrap).option("topic", target)
    writer.option("checkpointLocation", checkpoint).start().awaitTermination()


def session(jars: str) -> SparkSession:
    """Two cores and Spark's Kafka connector."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = SparkConf(loadDefaults=False).setMaster("local[2]").setAppName("predict_batch_udf")
    conf.setAll([("spark.ui.enabled", "false"), ("spark.driver.memory", "2g"), ("spark.jars", jars)])
    return SparkSession.builder.config(conf=conf).getOrCreate()


def maker(runtime: str, precision: str, model: str) -> Callable[[], Predict]:
    """What each Python process calls once. Functions inside, because only what is inside travels there."""

    def decode(payload: bytes) -> Floats:
        image: Image.Image = Image.open(io.BytesIO(payload)).convert("RGB")
        scale = RESIZE / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
        pixels = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32)
        return ((pixels - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)

    def onnxruntime_run() -> Callable[[Floats], Floats]:
        import onnxruntime  # noqa: PLC0415 - in the Python process that predicts

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        loaded = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda inputs: np.asarray(loaded.run(None, {"x": inputs})[0])

    def openvino_run() -> Callable[[Floats], Floats]:
        import openvino  # noqa: PLC0415 - in the Python process that predicts

        core = openvino.Core()
        network = core.read_model(Path(model))
        network.reshape([BATCH, 3, SIDE, SIDE])
        hint = "bf16" if precision == "bf16" else "f32"  # of what a quantised model leaves in floats as well
        hints = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
        request = core.compile_model(network, "CPU", hints).create_infer_request()

        def run(inputs: Floats) -> Floats:
            full = np.zeros((BATCH, *inputs.shape[1:]), np.float32)
            full[: len(inputs)] = inputs
            request.infer({0: full}, share_inputs=True)
            return np.asarray(request.get_output_tensor(0).data[: len(inputs)])

        return run

    def make() -> Predict:
        run = openvino_run() if runtime == "openvino" else onnxruntime_run()

        def predict(payloads: NDArray[Any]) -> dict[str, NDArray[Any]]:
            probabilities = run(np.stack([decode(payload) for payload in payloads]))
            return {"index": probabilities.argmax(1), "probability": probabilities.max(1)}

        return predict

    return make


if __name__ == "__main__":
    main()
