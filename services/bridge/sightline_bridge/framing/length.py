"""Framing `length`: the length, bytes; frames have no name. Where the length stands and how it is written is told."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import FrameError, Framing
from sightline_bridge.framing.headered import Header, HeaderedParser, checked_wire_length


@dataclass(frozen=True, slots=True)
class LengthLayout:
    """A header: `offset` bytes that mean nothing to us, then an unsigned length of `width` bytes (1 to 8).

    The length counts the payload, and with `includes_header` the header too.
    """

    width: int = 4
    endianness: Literal["big", "little"] = "big"
    offset: int = 0
    includes_header: bool = False

    @property
    def header_bytes(self) -> int:
        """The size of a header."""
        return self.offset + self.width

    @property
    def counted_header(self) -> int:
        """The bytes that the length on the wire counts beside the payload."""
        return self.header_bytes if self.includes_header else 0

    def read(self, header: bytes) -> int:
        """The payload's length as `header` tells it; not positive when the header does not even count itself."""
        return int.from_bytes(header[self.offset :], self.endianness) - self.counted_header

    def write(self, length: int) -> bytes:
        """The header of a payload of `length` bytes; zeros stand before the length.

        Raises:
            FrameError: `bad-length`, it does not fit.
        """
        told = checked_wire_length(length) + self.counted_header
        if told >= 1 << 8 * self.width:
            raise FrameError("bad-length", f"a frame of {length} bytes cannot be told in {self.width} bytes")
        return bytes(self.offset) + told.to_bytes(self.width, self.endianness)


@final
class LengthParser(HeaderedParser):
    """Reads `length`."""

    def __init__(self, max_frame_bytes: int, layout: LengthLayout) -> None:
        """See HeaderedParser."""
        super().__init__(max_frame_bytes)
        self._layout = layout
        self.header_bytes = layout.header_bytes

    def _take_header(self, queue: ByteQueue) -> Header | None:
        if len(queue) < self._layout.header_bytes:
            return None
        length = self._layout.read(queue.take(self._layout.header_bytes))
        return Header(name=None, length=self._checked_length(length))


def length_framing(layout: LengthLayout) -> Framing:
    """The framing `length` with headers of `layout`."""
    return Framing("length", partial(LengthParser, layout=layout), lambda _, length: layout.write(length))


LENGTH = length_framing(LengthLayout())
