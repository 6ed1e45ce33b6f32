"""The engine, photo to label with its own decoder and resizer, against Pillow and ONNX Runtime."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image
from pyspark.sql import SparkSession

from sightline_contracts.topics import RESULTS
from sightline_spark.models.bundle import read_card
from sightline_spark.models.efficientnet_lite0 import Tensors
from sightline_spark.query import EngineOptions, classify
from sightline_spark.settings import ClassifierSettings
from tests.models import onnx_reference
from tests.models.conftest import MODELS
from tests.models.drawn_digits import drawings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

COLUMNS = (
    "key binary, value binary, topic string, partition int, offset long, timestamp timestamp,"
    " headers array<struct<key: string, value: binary>>"
)
PHOTOS = Path(sklearn.datasets.__file__).parent / "images"

Result = Mapping[str, Any]


def classified(spark: SparkSession, images: Mapping[str, bytes], model: str) -> dict[str, Result]:
    """The engine's result documents by image id, through the same call that the streaming query makes."""
    now = datetime.now(UTC)
    headers = [("model", model.encode()), ("source", b"http"), ("accepted-at", b"1760000000000")]
    rows = [(key.encode(), value, "images", 0, n, now, headers) for n, (key, value) in enumerate(images.items())]
    options = EngineOptions.of(ClassifierSettings(models_dir=MODELS))
    outcome = classify(spark.createDataFrame(rows, COLUMNS).coalesce(1), options).collect()
    return {bytes(row.key).decode(): json.loads(bytes(row.value)) for row in outcome if row.topic == RESULTS}


@pytest.fixture(scope="module")
def results(spark: SparkSession, efficientnet: Path) -> dict[str, Result]:
    """Both photos' files, as scikit-learn ships them, through the engine."""
    files = {name: (PHOTOS / name).read_bytes() for name in ("china.jpg", "flower.jpg")}
    return classified(spark, files, efficientnet.parent.name)


@pytest.mark.parametrize(("name", "label"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_the_engine_equals_onnx_runtime_on_pillows_pixels(
    name: str, label: str, results: Mapping[str, Result], weights: Tensors, efficientnet: Path
) -> None:
    """The same five labels in the same order, each probability within a thousandth; the photo is named rightly."""
    spec = read_card(efficientnet).input
    with Image.open(PHOTOS / name) as photo:
        inputs = onnx_reference.prepare(photo, spec)
    expected = onnx_reference.top5(onnx_reference.run(onnx_reference.efficientnet_lite0(weights), inputs)[0])
    result = results[name]
    assert result["status"] == "classified", result["error"]
    predictions = result["predictions"]
    assert [p["index"] for p in predictions] == [index for index, _ in expected]
    np.testing.assert_allclose([p["probability"] for p in predictions], [p for _, p in expected], atol=1e-3)
    assert predictions[0]["label"] == label


def test_the_engine_reads_drawn_digits(spark: SparkSession) -> None:
    """The console's canvas as PNG, through decoder, grey, resize and LeNet: log-probabilities become probabilities."""
    drawn = {f"{digit}-{n}": image for n, (digit, image) in enumerate(drawings(each=2, seed=5))}
    results = classified(spark, {name: _png(image) for name, image in drawn.items()}, "digits-lenet")
    right = [name[0] == results[name]["predictions"][0]["label"] for name in drawn]
    assert np.mean(right) >= 0.9
    for result in results.values():
        total = sum(prediction["probability"] for prediction in result["predictions"])
        assert 0.9 < total <= 1.00001


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()
