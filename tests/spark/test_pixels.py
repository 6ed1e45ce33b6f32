"""The engine's decoding and resizing against Pillow's, which the models were trained with: at most one level apart."""

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pyspark.sql import SparkSession

from tests.spark.conftest import encode, photo

pytestmark = pytest.mark.spark

FILTERS = {"BICUBIC": Image.Resampling.BICUBIC, "BILINEAR": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to a model's input: `shape` and `filter` are the engine's names, sides in pixels."""

    shape: str
    filter: str
    size: int
    side: int
    mode: str


def engine_pixels(spark: SparkSession, rule: Rule, file: bytes) -> NDArray[np.uint8]:
    jvm: Any = spark._jvm
    image = jvm.io.sightline.engine.image
    resize = image.ResizeRule(
        getattr(image, "ResizeRule$Shape").valueOf(rule.shape),
        rule.size,
        image.Interpolation.valueOf(rule.filter),
        rule.side,
        rule.side,
    )
    channels = 1 if rule.mode == "L" else 3
    ones = spark.sparkContext._gateway.new_array(jvm.float, channels)  # type: ignore[union-attr]
    for channel in range(channels):
        ones[channel] = 1.0
    pixels = image.Preprocessor(resize, ones, ones, 50_000_000).pixels(file)
    return np.frombuffer(pixels, np.uint8).reshape(rule.side, rule.side, channels)


def pillow_pixels(rule: Rule, image: Image.Image) -> NDArray[np.uint8]:
    image = image.convert(rule.mode)
    width, height = image.size
    shorter = min(width, height)
    target = (rule.size, rule.size)
    if rule.shape == "SHORTER_SIDE":
        target = (round(width * rule.size / shorter), round(height * rule.size / shorter))
    # Rows first, as Pillow always did before version 13, which turns the order where the height shrinks far more.
    resized = image.resize((target[0], height), FILTERS[rule.filter]).resize(target, FILTERS[rule.filter])
    left, top = (target[0] - rule.side) // 2, (target[1] - rule.side) // 2
    array = np.asarray(resized.crop((left, top, left + rule.side, top + rule.side)))
    return array.reshape(rule.side, rule.side, -1)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("size", [(640, 427), (427, 640), (28, 28), (17, 300), (1, 1), (3, 2), (1000, 999), (256, 301)])
def test_resizing_equals_pillow(size: tuple[int, int], filter_name: str, spark: SparkSession) -> None:
    image = photo(*size)
    file = encode(image, "PNG")
    for rule in (
        Rule("SHORTER_SIDE", filter_name, 256, 224, "RGB"),
        Rule("STRETCH", filter_name, 28, 28, "L"),
        Rule("STRETCH", filter_name, 61, 40, "RGB"),
    ):
        assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, image)) == 0, rule


@pytest.mark.parametrize(("mode", "levels"), [("RGB", 1), ("L", 1), ("CMYK", 4)])  # two ways from CMYK to RGB
def test_jpegs_decode_as_in_pillow(mode: str, levels: int, spark: SparkSession) -> None:
    file = encode(photo(333, 222, mode), "JPEG", quality=88)
    for rule in (Rule("SHORTER_SIDE", "BICUBIC", 256, 224, "RGB"), Rule("STRETCH", "BICUBIC", 28, 28, "L")):
        assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, reopened(file))) <= levels


@pytest.mark.parametrize("size", [(640, 427), (427, 640), (1600, 1200)])
def test_photos_resize_to_the_very_level(size: tuple[int, int], spark: SparkSession) -> None:
    image = photo(*size)
    rule = Rule("SHORTER_SIDE", "BICUBIC", 256, 224, "RGB")
    shorter = min(size)
    width, height = (round(side * 256 / shorter) for side in size)
    left, top = (width - 224) // 2, (height - 224) // 2
    expected = image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224))

    assert difference(engine_pixels(spark, rule, encode(image, "PNG")), np.asarray(expected)) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP"])
def test_other_formats_decode_as_in_pillow(kind: str, spark: SparkSession) -> None:
    file = encode(photo(120, 90), kind, **({"lossless": True} if kind == "WEBP" else {}))
    rule = Rule("STRETCH", "BICUBIC", 64, 64, "RGB")

    assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, reopened(file))) == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L"])
def test_png_modes(mode: str, spark: SparkSession) -> None:
    """Transparency is dropped, as Pillow's convert("RGB") drops it: training saw the colours underneath."""
    image = photo(50, 40, "RGBA") if mode in ("RGBA", "LA") else photo(50, 40)
    file = encode(image.convert(mode), "PNG")
    rule = Rule("STRETCH", "BICUBIC", 28, 28, "RGB")

    assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, reopened(file))) == 0


def test_sixteen_bits_are_cut_to_eight(spark: SparkSession) -> None:
    values = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    file = encode(Image.fromarray(values), "PNG")
    rule = Rule("STRETCH", "BILINEAR", 28, 28, "L")

    expected = Image.fromarray((values >> 8).astype(np.uint8))
    assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, expected)) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation: int, spark: SparkSession) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encode(photo(90, 60), "JPEG", exif=exif, quality=95)
    rule = Rule("SHORTER_SIDE", "BICUBIC", 40, 32, "RGB")
    upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    image = reopened(file)
    if upright is not None:
        image = image.transpose(Image.Transpose(upright))

    assert difference(engine_pixels(spark, rule, file), pillow_pixels(rule, image)) <= 1


def test_the_rounding_of_the_longer_side(spark: SparkSession) -> None:
    """Half a pixel rounds to the even side, as Python's round() does."""
    image = photo(5, 4)
    rule = Rule("SHORTER_SIDE", "BICUBIC", 10, 10, "RGB")
    assert math.isclose(5 * 10 / 4, 12.5)

    assert difference(engine_pixels(spark, rule, encode(image, "PNG")), pillow_pixels(rule, image)) == 0


def reopened(file: bytes) -> Image.Image:
    """What Pillow reads of the file."""
    image = Image.open(io.BytesIO(file))
    image.load()
    return image
