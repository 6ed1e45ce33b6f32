"""What files carry beside plain pixels: orientation, animation, transparency, codings. As in Pillow, or refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from tests.spark.conftest import encode, photo
from tests.spark.test_pixels import Rule, difference, engine_pixels, pillow_pixels, reopened

pytestmark = pytest.mark.spark

RULE = Rule("SHORTER_SIDE", "BICUBIC", 40, 32, "RGB")


def code_of(spark: SparkSession, file: bytes) -> str:
    with pytest.raises(Py4JJavaError) as caught:
        engine_pixels(spark, RULE, file)
    return str(caught.value.java_exception.code().text())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_png_and_webp(orientation: int, kind: str, spark: SparkSession) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encode(photo(90, 60), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    upright = ImageOps.exif_transpose(reopened(file))

    assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, upright)) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_the_first_frame_of_an_animation(kind: str, spark: SparkSession) -> None:
    frames = [photo(90, 60), photo(91, 60).resize((90, 60))]
    options = {"lossless": True} if kind == "WEBP" else {}
    file = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)

    assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, reopened(file))) == 0


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("colours", [2, 3, 16, 200, 256])
def test_gifs(colours: int, interlace: int, spark: SparkSession) -> None:
    image = photo(133, 101).quantize(colours)
    for options in ({}, {"transparency": 1}):
        file = encode(image, "GIF", interlace=interlace, **options)
        assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, reopened(file))) == 0


@pytest.mark.parametrize("mode", ["RGBA", "RGB"])
def test_webp_with_and_without_alpha(mode: str, spark: SparkSession) -> None:
    for options in ({"lossless": True, "exact": True}, {"quality": 80}):
        file = encode(photo(90, 60, mode), "WEBP", **options)
        assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, reopened(file))) <= 1


def test_sixteen_bits_of_colour(spark: SparkSession) -> None:
    """Pillow writes none, so a PNG of 16 bits is made from one of 8 by hand."""
    values = np.random.default_rng(3).integers(0, 65536, (40, 50, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50, 40, 16, 2, 0, 0, 0))
    file = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, reopened(file))) == 0


def test_progressive_jpegs(spark: SparkSession) -> None:
    file = encode(photo(333, 222), "JPEG", quality=88, progressive=True)

    assert difference(engine_pixels(spark, RULE, file), pillow_pixels(RULE, reopened(file))) <= 1


@pytest.mark.parametrize(
    ("marker", "precision"), [(0xC0, 12), (0xC3, 8), (0xC5, 8), (0xC9, 8), (0xCA, 8)]
)  # 12 bits, lossless, hierarchical, arithmetic sequential and progressive
def test_codings_that_are_refused(marker: int, precision: int, spark: SparkSession) -> None:
    file = bytearray(encode(photo(40, 30), "JPEG"))
    frame = file.index(b"\xff\xc0")
    file[frame + 1], file[frame + 4] = marker, precision

    assert code_of(spark, bytes(file)) == "unsupported-type"


def test_greys(spark: SparkSession) -> None:
    for mode in ("1", "L", "LA", "P"):
        file = io.BytesIO()
        photo(60, 50).convert("L").convert(mode).save(file, "PNG")
        grey = Rule("STRETCH", "BICUBIC", 28, 28, "L")
        assert (
            difference(engine_pixels(spark, grey, file.getvalue()), pillow_pixels(grey, reopened(file.getvalue()))) <= 1
        )
