"""The parser of every framing whose frames are a header that tells the length, then the bytes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import NEED_DATA, Frame, FrameError, NeedData
from sightline_bridge.framing.place import FramePlace

INT32_MAX = 2**31 - 1  # lengths are signed on the wire
# As much of a frame must be missing for it to be received in place. Below, copying the bytes costs less than a read of
# their own; above, the copy is what costs.
IN_PLACE_FROM_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before a payload; `length` in bytes."""

    name: str | None
    length: int


class HeaderedParser(ABC):
    """A FrameParser; a framing adds only how its header reads, and how long one may be."""

    header_bytes: int

    def __init__(self, max_frame_bytes: int) -> None:
        """`max_frame_bytes` limits the payload: it is all that a peer can make us hold for a frame."""
        self._max_frame_bytes = max_frame_bytes
        self._queue = ByteQueue()
        self._header: Header | None = None
        self._place: FramePlace | None = None
        self._error: FrameError | None = None

    @abstractmethod
    def _take_header(self, queue: ByteQueue) -> Header | None:
        """Take the header off `queue`, or None while it is not all there; raises FrameError when it is wrong."""

    @final
    def feed(self, data: bytes) -> None:
        """See FrameParser."""
        self._queue.append(data if self._place is None else self._place.put(data))

    @final
    def get_buffer(self) -> memoryview | None:
        """See FrameParser."""
        if self._place is None:
            if self._header is None or self._header.length - len(self._queue) < IN_PLACE_FROM_BYTES:
                return None
            self._place = FramePlace(self._header.length, self.header_bytes)
            self._place.put(self._queue.take(len(self._queue)))
        return None if self._place.whole else self._place.lend()

    @final
    def buffer_updated(self, count: int) -> None:
        """See FrameParser."""
        assert self._place is not None, "get_buffer() gave its buffer"
        self._place.written(count)

    @final
    def next_frame(self) -> Frame | NeedData:
        """See FrameParser."""
        if self._error is not None:
            raise self._error
        if self._header is None:
            try:
                self._header = self._take_header(self._queue)
            except FrameError as error:
                self._error = error
                raise
        if self._header is None or (payload := self._take_payload(self._header.length)) is None:
            return NEED_DATA
        frame = Frame(self._header.name, payload)
        self._header = None
        return frame

    def _take_payload(self, length: int) -> bytes | bytearray | None:
        if self._place is None:
            return self._queue.take(length) if len(self._queue) >= length else None
        if not self._place.whole:
            return None
        payload, behind = self._place.take()
        self._place = None
        self._queue.put_back(behind)
        return payload

    @final
    @property
    def at_boundary(self) -> bool:
        """See FrameParser."""
        return self._header is None and len(self._queue) == 0

    @final
    @property
    def pending_bytes(self) -> int:
        """See FrameParser."""
        return 0 if self._header is None else self._header.length

    @final
    @property
    def skipped_bytes(self) -> int:
        """See FrameParser: where a length is wrong, nothing tells where the next header begins."""
        return 0

    @final
    def close(self) -> Frame | None:
        """See FrameParser."""
        if self._error is not None:
            raise self._error
        if self.at_boundary:
            return None
        held = len(self._queue) if self._place is None else self._place.filled
        if self._header is None:
            raise FrameError("truncated-frame", f"the stream ended inside a header, {held} bytes after the last frame")
        wanted = self._header.length
        raise FrameError("truncated-frame", f"the stream ended {wanted - held} bytes before the end of a frame")

    @final
    def _checked_length(self, length: int) -> int:
        """`length` when a frame may have it; raises FrameError `bad-length` else."""
        if length <= 0:
            raise FrameError("bad-length", f"the frame length is {length}, it must be positive")
        if length > self._max_frame_bytes:
            raise FrameError("bad-length", f"the frame length is {length}, the limit is {self._max_frame_bytes} bytes")
        return length


def checked_wire_length(length: int) -> int:
    """`length` when it can be written as a positive int32; raises FrameError `bad-length` else."""
    if not 0 < length <= INT32_MAX:
        raise FrameError("bad-length", f"a frame of {length} bytes cannot be written, it must be 1 to {INT32_MAX}")
    return length
