"""ImageFeaturizer on Spark: a layer's values beside images."""

from pathlib import Path

import numpy as np
import pytest
from pyspark.errors import IllegalArgumentException
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression
from pyspark.sql import DataFrame, Row, SparkSession

from sightline_spark import ImageClassifier, ImageFeaturizer
from tests.spark.conftest import MODELS, digit_png

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]  # PySpark's

SCHEMA = "number int, content binary"
DIGITS = 20


@pytest.fixture(scope="module")
def digits(spark: SparkSession) -> DataFrame:
    """Twenty digits, then a null and no image at all."""
    spark.conf.set("spark.sightline.models", str(MODELS))
    images = [*(digit_png(index)[0] for index in range(DIGITS)), None, b"not an image"]
    rows = [(number, None if image is None else bytearray(image)) for number, image in enumerate(images)]
    return spark.createDataFrame(rows, SCHEMA).repartition(2)


def _rows(frame: DataFrame) -> list[Row]:
    return sorted(frame.collect(), key=lambda row: row.number)


def test_features_stand_beside_images(digits: DataFrame) -> None:
    """What the last linear layer sees: LeNet's 128 numbers behind a ReLU, other for other images."""
    featurized = ImageFeaturizer().transform(digits)
    assert featurized.columns == ["number", "content", "features", "error"]
    rows = _rows(featurized)
    features = np.stack([row.features.toArray() for row in rows[:DIGITS]])
    assert features.shape == (DIGITS, 128)
    assert features.min() == 0
    assert len(np.unique(features, axis=0)) == DIGITS
    assert [row.error for row in rows[:DIGITS]] == [None] * DIGITS
    assert [(row.features, row.error.code) for row in rows[DIGITS:]] == [(None, "empty"), (None, "unsupported-type")]


def test_a_layer_is_asked_for_by_name(spark: SparkSession, digits: DataFrame) -> None:
    """The last layer's values are log-probabilities: they belong to the classifier's probabilities."""
    layer = "LogSoftMaxfebf7968"
    wanted = digits.where(f"number < {DIGITS}")
    logs = _rows(ImageFeaturizer(layer=layer, model="digits-lenet@1").transform(wanted))
    probabilities = _rows(ImageClassifier(probabilityCol="p").transform(wanted))
    for row, other in zip(logs, probabilities, strict=True):
        assert np.exp(row.features.toArray()) == pytest.approx(other.p.toArray(), abs=1e-5)


def test_maps_come_in_one_vector(digits: DataFrame) -> None:
    """16 channels of 24 x 24."""
    row = ImageFeaturizer(layer="SpatialConvolution90de8256").transform(digits.where("number = 0")).first()
    assert row is not None
    assert len(row.features) == 16 * 24 * 24


def test_an_unknown_layer_is_refused_with_close_names(digits: DataFrame) -> None:
    """At once, not when the plan runs."""
    message = 'digits-lenet@1: there is no layer "Linear8e1b0523"; close to it: Linear8e1b0532, Linear'
    with pytest.raises(IllegalArgumentException, match=message):
        ImageFeaturizer(layer="Linear8e1b0523").transform(digits)
    with pytest.raises(ValueError, match="layer must be a name"):
        ImageFeaturizer(layer="").transform(digits)


def test_an_unknown_model_is_an_error_of_each_image(digits: DataFrame) -> None:
    """As with ImageClassifier: where the tasks run there may be one."""
    row = ImageFeaturizer(model="nope").transform(digits.where("number = 0")).first()
    assert row is not None
    assert (row.features, row.error.code) == (None, "unknown-model")


def test_a_pipeline_learns_from_features_and_is_saved(digits: DataFrame, tmp_path: Path) -> None:
    """Its parameters come back, and with them its answers. Cross-validation is what the example has."""
    learned = digits.where(f"number < {DIGITS}").selectExpr("*", "double(number % 10) AS label")
    featurizer = ImageFeaturizer(outputCol="f", errorCol="why", layer="Linear8e1b0532")
    model = Pipeline(stages=[featurizer, LogisticRegression(featuresCol="f", maxIter=5)]).fit(learned)
    model.save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    rows = _rows(loaded.transform(learned))
    assert [row.prediction for row in rows] == [row.label for row in rows]
    assert rows == _rows(model.transform(learned))
    (first, _) = loaded.stages
    assert isinstance(first, ImageFeaturizer)
    assert first.getLayer() == "Linear8e1b0532"
