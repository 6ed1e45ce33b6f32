"""Frames over UDP: one image in fragments of equal size, each in a datagram of its own (docs/wire-formats.md)."""

import struct
from collections.abc import Iterator
from enum import StrEnum
from itertools import count as numbers
from typing import Final, NamedTuple

from crc32c import crc32c

from sightline_bridge.framing import NAME_BYTES, FrameError
from sightline_bridge.framing.names import encode_name

MAGIC: Final = b"SL"
VERSION: Final = 1
_HEADER: Final = struct.Struct(">2sBBIIIHH")
_CHECKSUM: Final = struct.Struct(">I")
HEADER_BYTES: Final = _HEADER.size
OVERHEAD_BYTES: Final = HEADER_BYTES + _CHECKSUM.size

MAX_DATAGRAM_BYTES: Final = 65_507  # what UDP over IPv4 carries
ETHERNET_DATAGRAM_BYTES: Final = 1472  # an Ethernet frame of 1,500 bytes without the headers of IPv4 and UDP
MIN_DATAGRAM_BYTES: Final = OVERHEAD_BYTES + NAME_BYTES + 1  # the first fragment holds the longest name and a byte
MAX_FRAGMENTS: Final = 2**16 - 1
_UINT32: Final = 2**32 - 1


class DatagramFault(StrEnum):
    """Why a datagram is no fragment of a frame."""

    BAD_MAGIC = "bad-magic"
    BAD_VERSION = "bad-version"
    BAD_CHECKSUM = "bad-checksum"
    BAD_FRAGMENT = "bad-fragment"
    TOO_LARGE = "too-large"


class DatagramError(ValueError):
    """A datagram that is no fragment of a frame; `fault` is its stable code."""

    def __init__(self, fault: DatagramFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


class Shape(NamedTuple):
    """How a frame is cut: the same in all of its fragments. Sizes in bytes; `frame_bytes` counts the name too."""

    frame_bytes: int
    name_bytes: int
    fragments: int
    fragment_bytes: int  # of each but the last, which holds the rest


class Fragment(NamedTuple):
    """One piece of a frame, checked against itself: `payload` is exactly what `shape` says stands at `position`."""

    stream_id: int
    sequence: int
    shape: Shape
    position: int
    payload: bytes


def decode(datagram: bytes | memoryview, max_image_bytes: int) -> Fragment:
    """The fragment in `datagram`; `max_image_bytes` limits its frame's image. Allocates no more than the fragment.

    Raises:
        DatagramError: it is none, or says what cannot be.
    """
    size = len(datagram)
    if size <= OVERHEAD_BYTES or datagram[:2] != MAGIC:
        raise DatagramError(DatagramFault.BAD_MAGIC, f"{size} bytes that do not begin as a datagram of ours does")
    _, version, name_bytes, stream_id, sequence, frame_bytes, index, fragments = _HEADER.unpack_from(datagram)
    if version != VERSION:
        raise DatagramError(DatagramFault.BAD_VERSION, f"version {version}, only {VERSION} is known")
    end = size - _CHECKSUM.size
    body = memoryview(datagram)[:end]
    if _CHECKSUM.unpack_from(datagram, end)[0] != crc32c(body):
        raise DatagramError(DatagramFault.BAD_CHECKSUM, "the CRC32C does not match")
    payload = bytes(body[HEADER_BYTES:])
    shape = Shape(frame_bytes, name_bytes, fragments, _fragment_bytes(frame_bytes, index, fragments, len(payload)))
    if name_bytes > NAME_BYTES or name_bytes >= shape.fragment_bytes:
        raise DatagramError(DatagramFault.BAD_FRAGMENT, f"a name of {name_bytes} bytes does not fit the first fragment")
    if frame_bytes - name_bytes > max_image_bytes:
        raise DatagramError(
            DatagramFault.TOO_LARGE, f"an image of {frame_bytes - name_bytes} bytes, the limit is {max_image_bytes}"
        )
    return Fragment(stream_id, sequence, shape, index, payload)


def _fragment_bytes(frame_bytes: int, index: int, fragments: int, payload_bytes: int) -> int:
    """The size of the frame's fragments but for the last, as this one alone tells it.

    So a fragment's place is known from itself: fragments that agree on it can neither overlap nor leave a gap.
    """
    before_last = fragments - 1
    if index < before_last:
        size = payload_bytes
        fits = before_last * size < frame_bytes <= fragments * size
    elif index == before_last == 0:
        size = payload_bytes
        fits = size == frame_bytes
    elif index == before_last:
        size, rest = divmod(frame_bytes - payload_bytes, before_last)
        fits = rest == 0 and size >= payload_bytes
    else:
        size, fits = 0, False
    if not fits:
        raise DatagramError(
            DatagramFault.BAD_FRAGMENT,
            f"{payload_bytes} bytes cannot be fragment {index} of {fragments} of a frame of {frame_bytes}",
        )
    return size


def encode(
    stream_id: int,
    sequence: int,
    name: str | None,
    image: bytes,
    datagram_bytes: int = ETHERNET_DATAGRAM_BYTES,
) -> Iterator[bytes]:
    """The datagrams of one frame, none larger than `datagram_bytes` (53 to 65,507); the sequence number wraps.

    Raises:
        FrameError: the name or the image cannot be written so.
    """
    raw_name = b"" if name is None else encode_name(name)
    frame = memoryview(raw_name + image)
    room = datagram_bytes - OVERHEAD_BYTES
    fragments = -(-len(frame) // room)
    if not image or fragments > MAX_FRAGMENTS or len(frame) > _UINT32:
        most = min(MAX_FRAGMENTS * room, _UINT32)
        raise FrameError(
            "bad-length", f"an image of {len(image)} bytes cannot be sent, it must be 1 to {most - NAME_BYTES}"
        )
    return _datagrams(frame, len(raw_name), stream_id, sequence & _UINT32, room)


def _datagrams(frame: memoryview, name_bytes: int, stream_id: int, sequence: int, room: int) -> Iterator[bytes]:
    fragments = -(-len(frame) // room)
    for index, start in zip(range(fragments), numbers(0, room), strict=False):
        header = _HEADER.pack(MAGIC, VERSION, name_bytes, stream_id, sequence, len(frame), index, fragments)
        body = header + frame[start : start + room]
        yield body + _CHECKSUM.pack(crc32c(body))
