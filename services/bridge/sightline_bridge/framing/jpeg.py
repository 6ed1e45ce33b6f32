"""Framing `jpeg`: JPEG files one after another (MJPEG), told apart by their own markers, whatever is between them."""

import re
from collections import deque
from collections.abc import Callable
from typing import Final, final

from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.frames import NEED_DATA, FedParser, Frame, FrameError, Framing, NeedData, bound_of

# Every byte is looked at once: what a broken frame held is never searched again. That bounds the time that hostile
# bytes take, and a thumbnail inside a broken frame never passes for a frame of its own.

# A stream in which so many times the largest frame passes without a whole one is no JPEG stream. Lower, and a single
# frame over the limit ends its camera's connection; higher, and garbage keeps one busy for longer.
MAX_SKIPPED_FRAMES: Final = 4

_FF: Final = 0xFF
# SOI with the marker that must follow it; or as much of them as the bytes end with.
_START: Final = re.compile(rb"\xff\xd8\xff|\xff\xd8?\Z")
# In entropy-coded data FF is followed by 00 (stuffed) or is a restart's, and may be repeated to fill.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOI: Final = 0xD8
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_RESTARTS: Final = frozenset(range(0xD0, 0xD8))
_ALONE: Final = _RESTARTS | {0x01}  # markers without a segment
_FIRST_SEGMENT: Final = 0xC0  # the markers below are reserved
_EOI_BYTES: Final = 2


@final
class JpegParser(FedParser):
    """A FrameParser: from a start marker over segments by their length and scans by their stuffing to the end marker.

    Bytes that follow no such order are skipped, with the frame that they are in, up to the next start marker.
    """

    def __init__(self, max_frame_bytes: int) -> None:
        """`max_frame_bytes` limits a file: it is all that a peer can make us hold for one."""
        self._max_frame_bytes = max_frame_bytes
        self._fed: deque[memoryview] = deque()
        self._rest = memoryview(b"")  # of what was fed, comes before _fed
        self._held = ByteQueue()  # the frame under way, or what may be its start marker
        self._step: Callable[[], None] = self._seek
        self._in_scan = False
        self._left = 0  # of the segment under way
        self._skipped = 0
        self._in_a_row = 0  # skipped since the last whole frame
        self._error: FrameError | None = None

    def feed(self, data: bytes) -> None:
        """See FrameParser."""
        if data:
            self._fed.append(memoryview(data))

    def next_frame(self) -> Frame | NeedData:
        """See FrameParser."""
        if self._error is not None:
            raise self._error
        while self._rest or self._fed:
            if not self._rest:
                self._rest = self._fed.popleft()
            if len(self._held) >= self._max_frame_bytes:
                self._lose()
            self._step()
            if self._step == self._seek and len(self._held):
                self._in_a_row = 0
                return Frame(None, self._held.take(len(self._held)))
        return NEED_DATA

    @property
    def at_boundary(self) -> bool:
        """See FrameParser; bytes that are skipped belong to no frame."""
        return not (self._held or self._rest or self._fed)

    @property
    def pending_bytes(self) -> int:
        """See FrameParser."""
        return bound_of(len(self._held), self._max_frame_bytes)

    @property
    def skipped_bytes(self) -> int:
        """See FrameParser."""
        return self._skipped

    def close(self) -> Frame | None:
        """See FrameParser."""
        if self._error is not None:
            raise self._error
        if self._held:
            raise FrameError("truncated-frame", f"the stream ended {len(self._held)} bytes after the start of a JPEG")
        return None

    # The steps: each takes bytes off _rest, at least one or the next step does.

    def _seek(self) -> None:
        start = _START.search(self._rest)
        self._skip(len(self._rest) if start is None else start.start())
        if start is not None:
            self._keep(len(start[0]))
            self._step = (self._second_of_start, self._third_of_start, self._marker_code)[len(start[0]) - 1]

    def _second_of_start(self) -> None:
        self._expect(_SOI, self._third_of_start)

    def _third_of_start(self) -> None:
        self._expect(_FF, self._marker_code)

    def _marker(self) -> None:
        self._expect(_FF, self._marker_code)

    def _expect(self, byte: int, then: Callable[[], None]) -> None:
        if self._rest[0] != byte:
            self._lose()
            return
        self._keep(1)
        self._step = then

    def _marker_code(self) -> None:
        """After FF, which may be repeated to fill."""
        code = self._rest[0]
        if code == _SOI or (code < _FIRST_SEGMENT and code not in _ALONE):
            self._lose()
            return
        self._keep(1)
        if code == _EOI:
            self._step = self._seek
        elif code in _ALONE:
            self._step = self._marker
        elif code != _FF:
            self._in_scan = code == _SOS
            self._step = self._length_high

    def _length_high(self) -> None:
        self._left = self._rest[0] << 8
        self._keep(1)
        self._step = self._length_low

    def _length_low(self) -> None:
        """The length counts its own two bytes."""
        self._left += self._rest[0] - 2
        self._keep(1)
        if self._left < 0:
            self._lose()
        elif len(self._held) + self._left + _EOI_BYTES > self._max_frame_bytes:
            self._lose()
            self._step = self._skip_segment if self._left else self._seek
        else:
            self._step = self._segment if self._left else self._after_segment()

    def _segment(self) -> None:
        count = min(self._left, len(self._rest))
        self._keep(count)
        self._left -= count
        if not self._left:
            self._step = self._after_segment()

    def _after_segment(self) -> Callable[[], None]:
        return self._scan if self._in_scan else self._marker

    def _skip_segment(self) -> None:
        count = min(self._left, len(self._rest))
        self._skip(count)
        self._left -= count
        if not self._left:
            self._step = self._seek

    def _scan(self) -> None:
        room = min(self._max_frame_bytes - len(self._held), len(self._rest))
        marker = _MARKER.search(self._rest, 0, room)
        if marker is not None:
            self._keep(marker.start() + 1)
            self._step = self._marker_code
            return
        if self._rest[room - 1] == _FF:
            self._step = self._scan_after_ff
        self._keep(room)

    def _scan_after_ff(self) -> None:
        code = self._rest[0]
        if code == 0x00 or code in _RESTARTS:
            self._step = self._scan
        elif code != _FF:
            self._step = self._marker_code
            return
        self._keep(1)

    def _keep(self, count: int) -> None:
        self._held.append(self._rest[:count])
        self._rest = self._rest[count:]

    def _lose(self) -> None:
        """Give up the frame under way; a byte FF at its end may begin the next one."""
        may_begin = self._step in (self._marker_code, self._scan_after_ff)
        self._count_skipped(len(self._held) - may_begin)
        self._held.clear()
        self._step = self._seek
        if may_begin:
            self._held.append(b"\xff")
            self._step = self._second_of_start

    def _skip(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._count_skipped(count)

    def _count_skipped(self, count: int) -> None:
        self._skipped += count
        self._in_a_row += count
        most = MAX_SKIPPED_FRAMES * self._max_frame_bytes
        if self._in_a_row > most:
            self._error = FrameError("no-frame", f"no whole JPEG in {most} bytes: is this an MJPEG stream?")
            raise self._error


def _check_jpeg(payload: bytes | bytearray) -> None:
    """Raises FrameError `bad-payload` when a receiver would read anything else."""
    parser = JpegParser(len(payload) or 1)
    parser.feed(bytes(payload))
    if parser.next_frame() != Frame(None, payload):
        raise FrameError("bad-payload", "it is no JPEG file, or bytes follow its end marker")


JPEG = Framing("jpeg", JpegParser, lambda _name, _length: b"", _check_jpeg)
