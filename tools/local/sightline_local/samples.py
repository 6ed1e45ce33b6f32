"""Pictures to try the system with: the photos and the handwritten digits that scikit-learn ships."""

import struct
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

PHOTOS: Final = ("china.jpg", "flower.jpg")
_DIGIT_SIDE: Final = 8
_DIGIT_WHITE: Final = 16  # the data set's brightest value

_ZERO: Final = (
    "........",
    "...##...",
    "..#..#..",
    "..#..#..",
    "..#..#..",
    "..#..#..",
    "...##...",
    "........",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture as a client would send it."""

    name: str
    content_type: str
    data: bytes


def photo(name: str) -> Sample:
    """One of PHOTOS, 640 x 427 pixels in colour."""
    return Sample(name, "image/jpeg", (files("sklearn.datasets") / "images" / name).read_bytes())


def digit(index: int) -> Sample:
    """The handwritten digit at `index` of the data set, white on black, 8 x 8 pixels; its name says what it shows."""
    digits = _digits()
    pixels = bytes(round(value * 255 / _DIGIT_WHITE) for value in digits.data[index])
    return Sample(f"digit-{digits.target[index]}-{index}.png", "image/png", gray_png(pixels, _DIGIT_SIDE))


def drawn_zero() -> Sample:
    """A zero drawn here, at once: loading scikit-learn takes seconds, which whoever waits for `up` would feel."""
    pixels = bytes(0xFF if mark == "#" else 0 for row in _ZERO for mark in row)
    return Sample("zero.png", "image/png", gray_png(pixels, len(_ZERO[0])))


def gray_png(pixels: bytes, width: int) -> bytes:
    """A PNG of 8-bit gray `pixels`, row after row of `width`."""
    height = len(pixels) // width
    rows = b"".join(b"\0" + pixels[row * width : (row + 1) * width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def _digits() -> Any:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second of import that most commands do not need

    return load_digits()
