"""Name the photos of a folder, with Sightline's Transformer and with its SQL function.

    python docs/examples/classify_photos.py [FOLDER] [MODELS]

Without a folder: the two photos that scikit-learn ships. MODELS (default: models) must hold efficientnet-lite0, which
`sightline-model install efficientnet-lite0` brings.
"""

import sys
from pathlib import Path

import sklearn.datasets
from pyspark.sql import SparkSession

from sightline_spark import ImageClassifier, configure

folder = sys.argv[1] if len(sys.argv) > 1 else str(Path(sklearn.datasets.__file__).parent / "images")
models = sys.argv[2] if len(sys.argv) > 2 else "models"
builder = SparkSession.builder.master("local[2]").config("spark.sightline.model", "efficientnet-lite0")
spark = configure(builder, models=models).getOrCreate()

photos = spark.read.format("binaryFile").option("pathGlobFilter", "*.jpg").load(folder)
classified = ImageClassifier(inputCol="content", outputCol="classified", errorCol="error", topK=3).transform(photos)
classified.selectExpr("element_at(split(path, '/'), -1) AS photo", "classified.label", "error.code AS error").show()

photos.createOrReplaceTempView("photos")
spark.sql("SELECT classify_image(content).label AS label, count(*) AS photos FROM photos GROUP BY label").show()
spark.stop()
