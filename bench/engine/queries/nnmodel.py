"""Kafka to Kafka with BigDL the way its papers and examples do it: `NNModel.transform` in `foreachBatch`.

    python -m bench.engine.queries.nnmodel BOOTSTRAP RESULTS_TOPIC BUNDLE CHECKPOINT PER_TRIGGER

In its favour: Pillow decodes, resizes and cuts in a UDF that hands over plain bytes, and BigDL's own image steps make
the tensor, so that no Python list of floats ever exists. Results are small JSON documents under the image's key.
"""

import io
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image
from pyspark import SparkConf
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t

from bench.engine.context import ROOT
from sightline_spark.jars import bigdl_jars, engine_jars
from sightline_spark.models.bigdl_api import init_engine, load_module, quietly
from sightline_spark.models.bundle import InputSpec, read_card

# Larger ones are no faster, and a layer keeps its unrolled input: 16 images a task fill a heap of 4 GB.
BATCH: Final = 4
_CV_8UC3: Final = 16  # OpenCV's number for three bytes a pixel
_ANSWER: Final = """named_struct(
    'index', array_position(prediction, array_max(prediction)) - 1, 'probability', array_max(prediction)
)"""
_IMAGE: Final = t.StructType(
    [
        t.StructField("origin", t.StringType()),
        t.StructField("height", t.IntegerType()),
        t.StructField("width", t.IntegerType()),
        t.StructField("nChannels", t.IntegerType()),
        t.StructField("mode", t.IntegerType()),
        t.StructField("data", t.BinaryType()),
    ]
)


def main() -> None:
    """Run until somebody ends the process."""
    bootstrap, target, bundle, checkpoint, per_trigger = sys.argv[1:]
    spark = session()
    spec = read_card(Path(bundle)).input
    with quietly():
        init_engine()
        model = network(Path(bundle), spec)
    options = {"subscribe": "images", "startingOffsets": "earliest", "maxOffsetsPerTrigger": per_trigger}
    images = spark.readStream.format("kafka").option("kafka.bootstrap.servers", bootstrap).options(**options).load()

    def classify(batch: DataFrame, _: int) -> None:
        rows = model.transform(batch.select("key", decoder(spec)("value").alias("image")))
        answers = rows.select("key", f.to_json(f.expr(_ANSWER)).alias("value"))
        answers.write.format("kafka").option("kafka.bootstrap.servers", bootstrap).option("topic", target).save()

    images.writeStream.foreachBatch(classify).option("checkpointLocation", checkpoint).start().awaitTermination()


def session() -> SparkSession:
    """Two cores, BigDL, and Spark's Kafka connector from among the engine's jars."""
    engine = engine_jars(ROOT / "spark-app" / "engine" / "target" / "engine")
    kafka = [jar for jar in engine if "kafka" in jar.name or jar.name.startswith("commons-pool2")]
    conf = SparkConf(loadDefaults=False).setMaster("local[2]").setAppName("nnmodel")
    conf.setAll([("spark.ui.enabled", "false"), ("spark.driver.memory", "4g")])
    conf.set("spark.jars", ",".join(map(str, [*kafka, *bigdl_jars()])))
    return SparkSession.builder.config(conf=conf).getOrCreate()


def network(bundle: Path, spec: InputSpec) -> Any:
    """The bundle's network as a Spark ML transformer from `image` to `prediction`."""
    from bigdl.dllib.feature.common import ChainedPreprocessing  # noqa: PLC0415 - noisy: only inside `quietly`
    from bigdl.dllib.feature.image.imagePreprocessing import (  # noqa: PLC0415
        ImageChannelNormalize,
        ImageFeatureToTensor,
        ImageMatToTensor,
        RowToImageFeature,
    )
    from bigdl.dllib.nnframes import NNModel  # noqa: PLC0415

    weights = read_card(bundle).weights
    module = load_module(bundle / weights.definition, bundle / weights.parameters)
    # OpenCV's order is blue, green, red.
    normalise = ImageChannelNormalize(*reversed(spec.mean), *reversed(spec.std))
    tensor = [RowToImageFeature(), normalise, ImageMatToTensor(to_RGB=True), ImageFeatureToTensor()]
    model = NNModel(module, ChainedPreprocessing(tensor))
    return model.setBatchSize(BATCH).setFeaturesCol("image").setPredictionCol("prediction")


def decoder(spec: InputSpec) -> Any:
    """A UDF from a file's bytes to the pixels that the network sees, in Spark's image schema."""
    size, width, height = spec.resize.size, spec.width, spec.height

    def decode(payload: bytes) -> tuple[str, int, int, int, int, bytes]:
        image: Image.Image = Image.open(io.BytesIO(payload)).convert("RGB")
        scale = size / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        red, green, blue = image.crop((left, top, left + width, top + height)).split()
        return "", height, width, 3, _CV_8UC3, Image.merge("RGB", (blue, green, red)).tobytes()

    return f.udf(decode, _IMAGE)


if __name__ == "__main__":
    main()
