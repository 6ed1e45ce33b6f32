"""Untrusted bytes judged without a decoder, held against files that Pillow wrote."""

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline_contracts.media import ImageInfo, InvalidImage, inspect_image, sniff

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif", "BMP": "image/bmp"}


def _encoded(kind: str, size: tuple[int, int] = (37, 21), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _code(data: bytes, max_pixels: int = 1_000_000) -> str:
    with pytest.raises(InvalidImage) as caught:
        inspect_image(data, max_pixels=max_pixels)
    return caught.value.code


@pytest.mark.parametrize(("kind", "content_type"), FORMATS.items())
def test_type_and_dimensions_are_what_was_written(kind: str, content_type: str) -> None:
    assert inspect_image(_encoded(kind)) == ImageInfo(content_type, 37, 21)


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"comment": b"x" * 60_000}, {"exif": b"Exif\0\0" + b"y" * 99}]
)
def test_jpeg_variants(options: dict[str, Any]) -> None:
    assert inspect_image(_encoded("JPEG", **options)) == ImageInfo("image/jpeg", 37, 21)


def test_webp_variants() -> None:
    assert inspect_image(_encoded("WEBP", lossless=True)) == ImageInfo("image/webp", 37, 21)
    assert inspect_image(_encoded("WEBP", exif=b"Exif\0\0II*\0")) == ImageInfo("image/webp", 37, 21)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_off_anywhere_is_refused_or_whole_but_never_crashes(kind: str) -> None:
    data = _encoded(kind)
    for length in range(len(data)):
        try:
            inspect_image(data[:length])
        except InvalidImage:
            continue
        assert kind in ("GIF", "BMP"), f"{kind} of {length} of {len(data)} bytes was accepted"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_without_its_end_is_truncated(kind: str) -> None:
    assert _code(_encoded(kind, (300, 200))[:-2]) == "truncated"
    assert _code(_encoded(kind, (300, 200))[: len(_encoded(kind, (300, 200))) // 2]) == "truncated"


def test_a_flipped_bit_in_a_png_is_corrupt() -> None:
    data = bytearray(_encoded("PNG"))
    data[60] ^= 1
    assert _code(bytes(data)) == "corrupt"


def test_bytes_after_the_end_of_a_jpeg_are_no_error() -> None:
    assert inspect_image(_encoded("JPEG") + b"\0" * 500).content_type == "image/jpeg"


def test_a_bomb_is_refused_by_its_header() -> None:
    assert _code(_png_header(20_000, 20_000), max_pixels=50_000_000) == "too-many-pixels"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, world", "unsupported-type"),
        (b"PK\x03\x04zip", "unsupported-type"),
        (_png_header(0, 5), "corrupt"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(data: bytes, code: str) -> None:
    assert _code(data) == code


@given(st.sampled_from([_encoded(kind)[:20] for kind in FORMATS]), st.binary(max_size=200))
def test_arbitrary_bytes_behind_a_signature_never_raise_anything_else(head: bytes, rest: bytes) -> None:
    assert sniff(head) is not None
    with suppress(InvalidImage):
        inspect_image(head + rest)
