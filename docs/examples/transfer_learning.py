"""Teach new labels with few pictures: features of a trained network, and MLlib's logistic regression on them.

Nine photos come with scikit-image and scikit-learn. Squares cut out of the left of each are learned from, squares cut
out of the right are the test: which photo are they of? The network never learned these labels; it was trained on
ImageNet's. Run it in the clone, after `make engine model-efficientnet-lite0`:

    python docs/examples/transfer_learning.py
"""

import io
import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from PIL import Image
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame, SparkSession

from sightline_spark import ImageFeaturizer, configure

PHOTOS = {
    "skimage/data": ["brick.png", "grass.png", "gravel.png", "chelsea.png", "coffee.png", "ihc.png", "moon.png"],
    "sklearn/datasets/images": ["china.jpg", "flower.jpg"],
}
SIDE = 96  # of a square, in pixels
LEARNED = 0.6  # of a photo's width
Row = tuple[bytearray, float]


def photos() -> Iterator[Image.Image]:
    """The photos, read where pip put them."""
    for folder, names in PHOTOS.items():
        package, _, rest = folder.partition("/")
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{package} is not installed")
        for name in names:
            yield Image.open(Path(spec.origin).parent / rest / name)


def squares(photo: Image.Image, left: float, right: float, count: int, label: int) -> Iterator[Row]:
    """Image files with a label: `count` squares from between two places along the photo's width (0 to 1)."""
    place = random.Random(label)  # noqa: S311  the same squares each time
    for _ in range(count):
        x = place.randint(int(left * photo.width), int(right * photo.width) - SIDE)
        y = place.randint(0, photo.height - SIDE)
        file = io.BytesIO()
        photo.crop((x, y, x + SIDE, y + SIDE)).save(file, "PNG")
        yield bytearray(file.getvalue()), float(label)


def frame(spark: SparkSession, left: float, right: float, count: int) -> DataFrame:
    """`count` squares of each photo, shuffled."""
    rows = [row for label, photo in enumerate(photos()) for row in squares(photo, left, right, count, label)]
    return spark.createDataFrame(rows, "content binary, label double").repartition(2)


def main() -> None:
    """Learn, then say how often the labels of unseen squares are right."""
    spark = configure(SparkSession.builder.master("local[2]"), models="models").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    featurizer = ImageFeaturizer(inputCol="content", outputCol="features", model="efficientnet-lite0")
    regression = LogisticRegression(maxIter=20)
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy")
    search = CrossValidator(
        estimator=Pipeline(stages=[featurizer, regression]),
        estimatorParamMaps=ParamGridBuilder().addGrid(regression.regParam, [0.01, 0.1]).build(),
        evaluator=accuracy,
        numFolds=2,
        seed=1,
    )
    best = search.fit(frame(spark, 0, LEARNED, 12))
    right = accuracy.evaluate(best.transform(frame(spark, LEARNED, 1, 8)))
    chance = 1 / sum(map(len, PHOTOS.values()))
    print(f"right for {right:.0%} of the unseen squares; by chance it were {chance:.0%}")


if __name__ == "__main__":
    main()
