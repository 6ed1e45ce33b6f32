"""What an image file says of itself, read from its bytes without a decoder.

Untrusted bytes are judged here before any codec sees them: the type by its signature, the size by its headers, the end
by its end marker and, for PNG, every checksum. The Java engine checks again what did not come through the gateway.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import Final

# An image's file in memory: a large one has pages of its own, which go back to the system with it.
Payload = bytes | bytearray | mmap

DEFAULT_MAX_PIXELS: Final = 50_000_000  # a 50-megapixel camera; more is a bomb or a mistake: 150 MB once decoded

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Where an archive has its mark: people who drop a whole folder's ZIP should read what to do instead.
_ARCHIVES: Final = (
    (b"PK\x03\x04", 0, "ZIP"),
    (b"PK\x05\x06", 0, "ZIP"),
    (b"\x1f\x8b", 0, "gzip"),
    (b"BZh", 0, "bzip2"),
    (b"\xfd7zXZ\x00", 0, "xz"),
    (b"\x28\xb5\x2f\xfd", 0, "Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", 0, "7z"),
    (b"Rar!\x1a\x07", 0, "RAR"),
    (b"ustar", 257, "tar"),
)
_JPEG_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Type, and width and height in pixels as the headers give them (before EXIF orientation)."""

    content_type: str
    width: int
    height: int


class InvalidImage(ValueError):
    """No image we accept; `code` is one of empty, unsupported-type, truncated, corrupt, too-many-pixels."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def sniff(head: bytes | bytearray) -> str | None:
    """The content type by signature (the first 12 bytes are enough), or None: not a supported image."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(_PNG_SIGNATURE):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head.startswith(b"BM"):
        return "image/bmp"
    return None


def inspect_image(data: Payload, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> ImageInfo:
    """Type and dimensions of a whole file.

    Raises:
        InvalidImage: it is empty, of another type, cut off, damaged, or has more than `max_pixels` pixels.
    """
    if len(data) == 0:
        raise InvalidImage("empty", "the body is empty: send the image's bytes")
    content_type = sniff(data[:12])
    if content_type is None:
        archive = next((name for mark, at, name in _ARCHIVES if data[at : at + len(mark)] == mark), None)
        found = f"a {archive} archive: unpack it and send its files; " if archive else ""
        raise InvalidImage("unsupported-type", f"{found}not a JPEG, PNG, WebP, GIF or BMP file")
    width, height = _DIMENSIONS[content_type](data)
    if width < 1 or height < 1:
        raise InvalidImage("corrupt", f"the headers say {width} x {height} pixels")
    if width * height > max_pixels:
        raise InvalidImage("too-many-pixels", f"{width} x {height} pixels exceed the limit of {max_pixels:,}")
    return ImageInfo(content_type, width, height)


def _jpeg(data: Payload) -> tuple[int, int]:
    for marker, start, end in _jpeg_segments(data):
        if marker in _JPEG_START_OF_FRAME:
            if end - start < 6:
                raise InvalidImage("corrupt", "the JPEG frame header is too short")
            size = int.from_bytes(data[start + 3 : start + 5]), int.from_bytes(data[start + 1 : start + 3])
            _require_jpeg_end(data, end)
            return size
    raise InvalidImage("truncated", "the JPEG ends before its frame header")


def _jpeg_segments(data: Payload) -> Iterator[tuple[int, int, int]]:
    """The segments before the scan as (marker, start, end) of their content."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise InvalidImage("corrupt", f"the JPEG has no marker at byte {position}")
        marker = data[position + 1]
        if marker == 0xFF or marker in _JPEG_STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        if end < position + 4 or marker in (0xD9, 0xDA):
            raise InvalidImage("corrupt", "the JPEG has no frame header before its scan")
        if end > len(data):
            return
        yield marker, position + 4, end
        position = end


def _require_jpeg_end(data: Payload, scan_from: int) -> None:
    # Cameras append previews, padding or vendor data after the image, so the end marker need not be the last bytes.
    if data.rfind(b"\xff\xd9", scan_from) < 0:
        raise InvalidImage("truncated", "the JPEG has no end marker: the file was cut off")


def _png(data: Payload) -> tuple[int, int]:
    size = (0, 0)
    for kind, start, end in _png_chunks(data):
        if start == 16:
            if kind != b"IHDR" or end - start != 13:
                raise InvalidImage("corrupt", "the PNG does not begin with its header chunk")
            size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        if kind == b"IEND":
            return size
    raise InvalidImage("truncated", "the PNG has no end chunk: the file was cut off")


def _png_chunks(data: Payload) -> Iterator[tuple[bytes, int, int]]:
    """The chunks as (type, start, end) of their content, checksums verified."""
    view, position = memoryview(data), len(_PNG_SIGNATURE)
    while position + 12 <= len(data):
        start = position + 8
        end = start + int.from_bytes(data[position : position + 4])
        if end + 4 > len(data):
            return
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise InvalidImage("corrupt", f"the checksum of the PNG chunk at byte {position} is wrong")
        yield bytes(data[position + 4 : start]), start, end
        position = end + 4


def _webp(data: Payload) -> tuple[int, int]:
    if len(data) < 30 or len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise InvalidImage("truncated", "the WebP is shorter than its header says")
    kind = data[12:16]
    if kind == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise InvalidImage("corrupt", "the WebP has no image chunk where it must be")


def _gif(data: Payload) -> tuple[int, int]:
    if len(data) < 14 or data.find(b"\x3b", 13) < 0:
        raise InvalidImage("truncated", "the GIF has no trailer: the file was cut off")
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _bmp(data: Payload) -> tuple[int, int]:
    if len(data) < 26:
        raise InvalidImage("truncated", "the BMP ends within its header")
    pixels_at = int.from_bytes(data[10:14], "little")
    width = int.from_bytes(data[18:22], "little", signed=True)
    height = abs(int.from_bytes(data[22:26], "little", signed=True))  # negative: rows from the top
    if pixels_at >= len(data) or len(data) < int.from_bytes(data[2:6], "little"):
        raise InvalidImage("truncated", "the BMP is shorter than its header says")
    return width, height


_DIMENSIONS = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif, "image/bmp": _bmp}
