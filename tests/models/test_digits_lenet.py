"""The bundle that ships: whole, as good as its card says, and of use to people who draw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from sightline_spark.models.bigdl_api import forward, load_module
from sightline_spark.models.bundle import ModelCard, validate
from sightline_spark.models.digits import SIDE, enlarge, load_split
from sightline_spark.models.lenet import as_input, card, top1
from tests.models.drawn_digits import as_inputs, drawings

BUNDLE = Path(__file__).resolve().parents[2] / "models" / "digits-lenet" / "1"


@pytest.fixture(scope="module")
def shipped() -> ModelCard:
    """Its card; every hash was checked."""
    return validate(BUNDLE)


@pytest.fixture(scope="module")
def model(spark: SparkSession, shipped: ModelCard) -> Any:
    """Its network in BigDL."""
    return load_module(BUNDLE / shipped.weights.definition, BUNDLE / shipped.weights.parameters)


def test_the_card_is_what_the_code_writes(shipped: ModelCard) -> None:
    """The bundle in the repository comes from the command in the repository."""
    assert shipped.metrics["n"] == 360
    assert replace(shipped, files={}) == card("1", shipped.metrics["top1"], 360)


@pytest.mark.spark
def test_held_out_digits_are_recognised_as_the_card_says(model: Any, shipped: ModelCard) -> None:
    """Top1 on the held-out digits, computed again by BigDL's plain forward."""
    _, held_out = load_split()
    accuracy = top1(model, enlarge(held_out.pixels, SIDE), held_out.labels)
    assert accuracy >= 0.97
    assert accuracy == pytest.approx(shipped.metrics["top1"], abs=1e-4)


@pytest.mark.spark
@pytest.mark.parametrize("dark_on_light", [False, True], ids=["light-on-dark", "dark-on-light"])
def test_drawn_digits_are_recognised(model: Any, dark_on_light: bool) -> None:
    """Strokes of a round pen, none like the training data: what the console's canvas sends."""
    labels, images = zip(*drawings(each=10, seed=3), strict=True)
    pixels = as_inputs(list(images), SIDE)
    accuracy = top1(model, 255 - pixels if dark_on_light else pixels, np.array(labels))
    assert accuracy >= 0.9


@pytest.mark.spark
def test_the_output_is_log_probabilities(model: Any, shipped: ModelCard) -> None:
    """Whoever reads the bundle relies on it."""
    assert shipped.output == "log-probabilities"
    _, held_out = load_split()
    output = forward(model, as_input(enlarge(held_out.pixels[:16], SIDE)))
    assert output.shape == (16, len(shipped.labels))
    np.testing.assert_allclose(np.exp(output).sum(axis=1), 1, atol=1e-5)
