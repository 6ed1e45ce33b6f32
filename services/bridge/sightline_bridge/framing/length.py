"""Framing `length`: int32 big-endian length, bytes; frames have no name."""

import struct
from typing import final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import Framing
from sightline_bridge.framing.headered import Header, HeaderedParser, checked_wire_length

_INT32 = struct.Struct(">i")


@final
class LengthParser(HeaderedParser):
    """Reads `length`."""

    header_bytes = _INT32.size

    def _take_header(self, queue: ByteQueue) -> Header | None:
        if len(queue) < _INT32.size:
            return None
        (length,) = _INT32.unpack(queue.take(_INT32.size))
        return Header(name=None, length=self._checked_length(length))


def encode_header(name: str | None, length: int) -> bytes:  # noqa: ARG001 -- the framings share one signature
    """The 4 bytes before a payload of `length` bytes; the name is not sent."""
    return _INT32.pack(checked_wire_length(length))


LENGTH = Framing("length", LengthParser, encode_header)
