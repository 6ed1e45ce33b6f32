"""JPEGs far larger than a model's input are decoded at a reduced scale: how far from Pillow's whole decode that is.

The tolerances are those that docs/models.md states. They hold for the codec's scaling, which Pillow's `draft` shares;
the geometry is exact, which the waves show: a shift by half a pixel of the reduced image would move them by levels.
"""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pyspark.sql import SparkSession
from sklearn.datasets import load_sample_image

from tests.spark.conftest import encode
from tests.spark.test_pixels import Rule, engine_pixels, pillow_pixels

pytestmark = pytest.mark.spark

RULE = Rule("SHORTER_SIDE", "BICUBIC", 100, 88, "RGB")
MEAN = 1.1  # levels of 255, of one photo's input
MAX = 24


def enlarged(name: str, width: int, height: int) -> Image.Image:
    """A photo of scikit-learn with as many pixels as asked for, noise added as sensors do."""
    image = Image.fromarray(load_sample_image(name)).resize((width, height), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(7).normal(0, 6, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def tiled(name: str, width: int, height: int) -> Image.Image:
    """A photo of scikit-learn beside itself, so that all its detail stays."""
    pixels = load_sample_image(name)
    repeats = (height // pixels.shape[0] + 1, width // pixels.shape[1] + 1, 1)
    return Image.fromarray(np.tile(pixels, repeats)[:height, :width])


def levels(spark: SparkSession, file: bytes, rule: Rule = RULE) -> NDArray[np.int64]:
    """How many levels apart the engine and Pillow are in each sample; upright by Pillow's own rules."""
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    engine = engine_pixels(spark, rule, file).astype(np.int64)
    apart: NDArray[np.int64] = np.abs(engine - pillow_pixels(rule, upright))
    return apart


@pytest.mark.parametrize("size", [(1203, 902), (901, 1210), (2407, 1801)])  # a half, a half, an eighth at most
@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_photos_stay_within_the_stated_tolerance(name: str, size: tuple[int, int], spark: SparkSession) -> None:
    for image in (enlarged(name, *size), tiled(name, *size)):
        for quality, subsampling in ((75, 2), (92, 2), (92, 0)):
            apart = levels(spark, encode(image, "JPEG", quality=quality, subsampling=subsampling))
            assert 0 < apart.mean() <= MEAN, (apart.mean(), quality)
            assert apart.max() <= MAX, (apart.max(), quality)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_image_does_not_drift(orientation: int, spark: SparkSession) -> None:
    """Neither side divides by the scale, so that a mirrored side begins with an incomplete pixel."""
    width, height = 1205, 1003
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 40) * 120 + 128, np.sin(y / 40) * 120 + 128, np.sin((x + y) / 60) * 120 + 128]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encode(Image.fromarray(np.stack(waves, -1).astype(np.uint8)), "JPEG", quality=97, subsampling=0, exif=exif)

    apart = levels(spark, file)
    assert apart.mean() < 0.5
    assert apart[8:-8, 8:-8].max() <= 2


def test_smaller_photos_are_decoded_whole(spark: SparkSession) -> None:
    """Below five times the resized side, or a megapixel, not a level changes."""
    small = Rule("STRETCH", "BICUBIC", 28, 28, "L")
    assert levels(spark, encode(enlarged("china.jpg", 999, 999), "JPEG", quality=90), small).max() <= 1
    photo = Rule("SHORTER_SIDE", "BICUBIC", 256, 224, "RGB")
    assert levels(spark, encode(enlarged("china.jpg", 1500, 1279), "JPEG", quality=90), photo).max() <= 1
