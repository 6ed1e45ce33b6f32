"""Framing `lines`: text lines, each ended by LF or CR LF; the bytes of a line may be in any encoding."""

from typing import Final, final

from sightline_bridge.framing.frames import NEED_DATA, FedParser, Frame, FrameError, Framing, NeedData, bound_of

_LINE_FEED: Final = b"\n"
_RETURN: Final = b"\r"


@final
class LinesParser(FedParser):
    """A FrameParser whose frames are lines without their ends. Empty lines are none; the last one needs no end."""

    def __init__(self, max_line_bytes: int) -> None:
        """`max_line_bytes` limits a line without its end: it is all that a peer can make us hold for one."""
        self._max_line_bytes = max_line_bytes
        self._held = bytearray()
        self._searched = 0  # no line ends before this place: else single bytes would make us look at all again for each
        self._error: FrameError | None = None

    def feed(self, data: bytes) -> None:
        """See FrameParser."""
        self._held += data

    def next_frame(self) -> Frame | NeedData:
        """See FrameParser."""
        if self._error is not None:
            raise self._error
        while (end := self._held.find(_LINE_FEED, self._searched)) >= 0:
            if line := self._take(end):
                return Frame(None, line)
        self._searched = len(self._held)
        self._require_short(len(self._held) - self._held.endswith(_RETURN))
        return NEED_DATA

    @property
    def at_boundary(self) -> bool:
        """See FrameParser."""
        return not self._held

    @property
    def pending_bytes(self) -> int:
        """See FrameParser."""
        return bound_of(len(self._held), self._max_line_bytes)

    @property
    def skipped_bytes(self) -> int:
        """See FrameParser: any bytes are a line."""
        return 0

    def close(self) -> Frame | None:
        """See FrameParser: people's tools often end the last line with the stream."""
        if self._error is not None:
            raise self._error
        line = self._take(len(self._held))
        return Frame(None, line) if line else None

    def _take(self, end: int) -> bytes:
        """Take the line that ends before `end`, and the LF there. CPython forgets the front of a bytearray unmoved."""
        with memoryview(self._held) as held:
            line = bytes(held[:end]).removesuffix(_RETURN)
        self._require_short(len(line))
        del self._held[: end + 1]
        self._searched = 0
        return line

    def _require_short(self, length: int) -> None:
        if length > self._max_line_bytes:
            self._error = FrameError("bad-length", f"a line is over the limit of {self._max_line_bytes} bytes")
            raise self._error


def _check_line(payload: bytes | bytearray) -> None:
    if not payload or _LINE_FEED in payload:
        raise FrameError("bad-payload", "a line is not empty and holds no line feed")


def lines_framing(max_line_bytes: int | None = None) -> Framing:
    """The framing `lines` whose lines have at most `max_line_bytes`, or fewer where frames must be smaller."""

    def parser(max_frame_bytes: int) -> LinesParser:
        return LinesParser(max_frame_bytes if max_line_bytes is None else min(max_line_bytes, max_frame_bytes))

    return Framing("lines", parser, lambda _name, _length: b"", _check_line, _RETURN + _LINE_FEED)


LINES = lines_framing()
