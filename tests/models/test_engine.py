"""The engine, photo to label with its own decoder and resizer, against Pillow and ONNX Runtime."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image
from pyspark.sql import SparkSession

from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.media import sniff
from sightline_contracts.results import Result, decode_result
from sightline_contracts.topics import RESULTS
from sightline_spark.models.bundle import read_card
from sightline_spark.models.efficientnet_lite0 import Tensors
from sightline_spark.query import EngineOptions, classify
from sightline_spark.settings import ClassifierSettings, Precision
from tests.models import onnx_reference
from tests.models.conftest import MODELS
from tests.models.drawn_digits import drawings
from tests.spark.conftest import Record, image_frame

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]

PHOTOS = Path(sklearn.datasets.__file__).parent / "images"


def classified(
    spark: SparkSession,
    images: Mapping[str, bytes],
    model: str,
    precision: Precision = "f32",
    models: Path = MODELS,
) -> dict[str | None, Result]:
    """The engine's results by image name, through the same call that the streaming query makes."""
    records: list[Record] = []
    for name, payload in images.items():
        kind = sniff(payload) or ""
        image = ImageRecord(new_image_id(), payload, kind, "http", 1_795_323_600_123, None, name, model, None)
        records.append((image.id.encode(), payload, encode_headers(image)))
    settings = ClassifierSettings(models_dir=models, classifier_precision=precision)
    rows = classify(image_frame(spark, records), EngineOptions.of(settings)).collect()
    results = [decode_result(bytes(row.value)) for row in rows if row.topic == RESULTS]
    return {result.name: result for result in results}


@pytest.fixture(scope="module")
def results(spark: SparkSession, efficientnet: Path) -> dict[str | None, Result]:
    """Both photos' files, as scikit-learn ships them, through the engine."""
    return classified(spark, photos(), efficientnet.parent.name)


def photos() -> dict[str, bytes]:
    """Both files by name."""
    return {name: (PHOTOS / name).read_bytes() for name in ("china.jpg", "flower.jpg")}


@pytest.mark.parametrize(("name", "label"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_the_engine_equals_onnx_runtime_on_pillows_pixels(
    name: str, label: str, results: Mapping[str | None, Result], weights: Tensors, efficientnet: Path
) -> None:
    """The same five labels in the same order, each probability within a thousandth; the photo is named rightly."""
    spec = read_card(efficientnet).input
    with Image.open(PHOTOS / name) as photo:
        inputs = onnx_reference.prepare(photo, spec)
    expected = onnx_reference.top5(onnx_reference.run(onnx_reference.efficientnet_lite0(weights), inputs)[0])
    result = results[name]
    assert result.status == "classified", result.error
    assert [p.index for p in result.predictions] == [index for index, _ in expected]
    np.testing.assert_allclose([p.probability for p in result.predictions], [p for _, p in expected], atol=1e-3)
    assert result.predictions[0].label == label


def test_bf16_names_the_same_label_with_nearly_the_same_probability(
    spark: SparkSession, results: Mapping[str | None, Result], efficientnet: Path
) -> None:
    """Where the CPU has bf16; elsewhere f32 answers in its place, and says so."""
    for name, result in classified(spark, photos(), efficientnet.parent.name, "auto").items():
        exact = {prediction.index: prediction.probability for prediction in results[name].predictions}
        first = result.predictions[0]
        assert result.precision in ("bf16", "f32")
        assert first.index == results[name].predictions[0].index
        assert first.probability == pytest.approx(exact[first.index], abs=0.03)


def test_the_engine_reads_drawn_digits(spark: SparkSession) -> None:
    """The console's canvas as PNG, through decoder, grey, resize and LeNet: log-probabilities become probabilities."""
    drawn = {f"{digit}-{n}": image for n, (digit, image) in enumerate(drawings(each=2, seed=5))}
    results = classified(spark, {name: as_png(image) for name, image in drawn.items()}, "digits-lenet")
    assert results.keys() == drawn.keys()
    right = [str(name)[0] == result.predictions[0].label for name, result in results.items()]
    assert np.mean(right) >= 0.9
    for result in results.values():
        assert 0.9 < sum(prediction.probability for prediction in result.predictions) <= 1.00001


def as_png(image: Image.Image) -> bytes:
    """A PNG file of the picture."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()
