"""Framing `named`: int32 big-endian name length (1 to 28), name, int32 big-endian length, bytes."""

import struct
from typing import final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import FrameError, Framing
from sightline_bridge.framing.headered import Header, HeaderedParser, checked_wire_length
from sightline_bridge.framing.names import NAME_BYTES, decode_name, encode_name

_INT32 = struct.Struct(">i")


@final
class NamedParser(HeaderedParser):
    """Reads `named`."""

    header_bytes = 2 * _INT32.size + NAME_BYTES

    def _take_header(self, queue: ByteQueue) -> Header | None:
        if len(queue) < _INT32.size:
            return None
        (name_length,) = _INT32.unpack(queue.peek(_INT32.size))
        if not 1 <= name_length <= NAME_BYTES:
            raise FrameError("bad-name", f"the name length is {name_length}, it must be 1 to {NAME_BYTES}")
        name_end = _INT32.size + name_length
        if len(queue) < name_end + _INT32.size:
            return None
        header = queue.take(name_end + _INT32.size)
        (length,) = _INT32.unpack_from(header, name_end)
        return Header(length=self._checked_length(length), name=decode_name(header[_INT32.size : name_end]))


def encode_header(name: str | None, length: int) -> bytes:
    """The 9 to 36 bytes before a payload of `length` bytes."""
    raw = encode_name(name)
    return _INT32.pack(len(raw)) + raw + _INT32.pack(checked_wire_length(length))


NAMED = Framing("named", NamedParser, encode_header)
