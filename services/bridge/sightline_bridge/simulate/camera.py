"""A camera that is drawn: baseline JPEG images of a moving square, made without any library.

Each block of 8x8 pixels has one brightness, so an image is the list of its blocks' differences (ITU-T T.81).
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 480
BLOCK: Final = 8
_SCENES: Final = 32  # drawn once and repeated: drawing takes longer than sending
_COMMENT_BYTES: Final = 65_533

# The codes for differences of brightness, by their number of bits: the first ones of the standard's table.
_DC_CODES: Final = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110")
_END_OF_BLOCK: Final = "0"  # the only code of the other table: all pixels of a block are alike


def images(name: str, image_bytes: int = 0) -> Iterator[bytes]:
    """Images without end, all different: each says in a comment which one of camera `name` it is.

    Comments fill an image up to `image_bytes`, if it is smaller.
    """
    number = 0
    while True:
        yield _commented(_scene(number % _SCENES), f"{name} {number}".encode(), image_bytes)
        number += 1


@lru_cache(_SCENES)
def _scene(number: int) -> bytes:
    """A JPEG file whose square has moved for `number` images."""
    columns, rows = WIDTH // BLOCK, HEIGHT // BLOCK
    left, top = number * (columns - 16) // _SCENES, number * (rows - 16) // _SCENES
    bits, last = [], 0
    for row in range(rows):
        for column in range(columns):
            inside = left <= column < left + 16 and top <= row < top + 16
            brightness = 100 if inside else (row + column) // 2 - 60
            bits.append(_difference(brightness - last))
            last = brightness
    return _file("".join(bits))


@lru_cache(512)
def _difference(value: int) -> str:
    size = abs(value).bit_length()
    shown = value if value > 0 else value + (1 << size) - 1
    return _DC_CODES[size] + (f"{shown:0{size}b}" if size else "") + _END_OF_BLOCK


def _file(bits: str) -> bytes:
    padded = bits + "1" * (-len(bits) % 8)
    scan = int(padded, 2).to_bytes(len(padded) // 8).replace(b"\xff", b"\xff\x00")
    quantisation = b"\x00" + bytes([BLOCK]) + b"\x01" * 63
    frame = struct.pack(">BHHB3B", 8, HEIGHT, WIDTH, 1, 1, 0x11, 0)
    brightness = bytes([0x00, 0, 1, 5, 1, 1, 1, *([0] * 10), *range(9)])
    others = bytes([0x10, 1, *([0] * 15), 0])
    segments = (
        (0xDB, quantisation),
        (0xC0, frame),
        (0xC4, brightness),
        (0xC4, others),
        (0xDA, b"\x01\x01\x00\x00\x3f\x00"),
    )
    return b"\xff\xd8" + b"".join(_segment(marker, data) for marker, data in segments) + scan + b"\xff\xd9"


def _commented(image: bytes, text: bytes, image_bytes: int) -> bytes:
    comments = [_segment(0xFE, text)]
    missing = image_bytes - len(image) - len(comments[0])
    while missing >= 4:
        filling = min(missing - 4, _COMMENT_BYTES)
        comments.append(_segment(0xFE, bytes(filling)))
        missing -= filling + 4
    return image[:2] + b"".join(comments) + image[2:]


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data
