"""Framing `fixed28`: name in 28 bytes padded with spaces or NULs, int32 big-endian length, bytes."""

import struct
from typing import final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import Framing
from sightline_bridge.framing.headered import Header, HeaderedParser, checked_wire_length
from sightline_bridge.framing.names import NAME_BYTES, decode_name, encode_name

_HEADER = struct.Struct(f">{NAME_BYTES}si")
_PADDING = b" \0"


@final
class Fixed28Parser(HeaderedParser):
    """Reads `fixed28`."""

    header_bytes = _HEADER.size

    def _take_header(self, queue: ByteQueue) -> Header | None:
        if len(queue) < _HEADER.size:
            return None
        name, length = _HEADER.unpack(queue.take(_HEADER.size))
        return Header(length=self._checked_length(length), name=decode_name(name.rstrip(_PADDING)))


def encode_header(name: str | None, length: int) -> bytes:
    """The 32 bytes before a payload of `length` bytes; a name's trailing spaces are lost in the padding."""
    return _HEADER.pack(encode_name(name).ljust(NAME_BYTES), checked_wire_length(length))


FIXED28 = Framing("fixed28", Fixed28Parser, encode_header)
