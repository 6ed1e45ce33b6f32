"""Frames off one ByteStream: room is claimed before bytes are read, and a peer has deadlines to keep."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from sightline_bridge.claim import FrameClaim
from sightline_bridge.errors import PeerTimeout
from sightline_bridge.framing import Frame, FrameParser, NeedData
from sightline_bridge.pipeline import Outlet
from sightline_bridge.sources.stream import ByteStream, InPlaceStream

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a peer may be silent, and take for one frame; in seconds, `math.inf` for no limit."""

    idle_s: float
    frame_s: float


@final
class FrameReader:
    """Feeds a parser from a peer; for one task."""

    def __init__(
        self,
        peer: ByteStream,
        parser: FrameParser,
        deadlines: Deadlines,
        max_frame_bytes: int,
        outlet: Outlet,
        look: Callable[[bytes], bool] | None = None,
    ) -> None:
        """`look` sees how the stream begins before the parser does, and may raise FrameError.

        While it gives True, of bytes that it bounds, it wants to see more of them first.
        """
        self._peer = peer
        self._placing = peer if isinstance(peer, InPlaceStream) else None
        self._parser = parser
        self._deadlines = deadlines
        self._look = look
        self._begin = b""  # what `look` has seen and the parser has not
        self._metrics = outlet.metrics
        self._claim = FrameClaim(outlet.budget, outlet.metrics.waiting_connections, max_frame_bytes)
        self._skipped = 0  # bytes that the parser has passed over and that are counted
        self._frame_time_s = deadlines.frame_s  # left for the frame being read

    async def next_frame(self) -> Frame | None:
        """The next frame, None at the end of the stream; its claim on the budget passes to the caller.

        After a PeerTimeout it may be called again.

        Raises:
            FrameError: see FrameParser.
            PeerTimeout: the peer was silent or slow for too long.
            OSError: the stream broke.
        """
        while isinstance(frame := self._parse(), NeedData):
            if self._parser.pending_bytes:
                await self._claim.cover(self._parser.pending_bytes)
            else:
                self.release()  # of a frame that the parser left out
            count = await self._receive()
            self._metrics.received_bytes.inc(count)
            if not count:
                last = self._parser.close()
                if last is None:
                    return None
                frame = last
                break
        await self._claim.cover(len(frame.payload))
        self._claim.pass_on(len(frame.payload))
        self._frame_time_s = self._deadlines.frame_s
        return frame

    def frame_left_out(self) -> None:
        """The parser refused a frame by itself: the time that it took is not the next one's."""
        self._frame_time_s = self._deadlines.frame_s

    def release(self) -> None:
        """Give back what is claimed for a frame that did not come whole."""
        self._claim.give_back()

    def _parse(self) -> Frame | NeedData:
        try:
            return self._parser.next_frame()
        finally:
            self._count_skipped()

    def _count_skipped(self) -> None:
        lately = self._parser.skipped_bytes - self._skipped
        if not lately:
            return
        if not self._skipped:
            log.warning(
                "bytes that belong to no frame are skipped",
                extra={"source": self._metrics.source, "peer": self._peer.peer},
            )
        self._skipped += lately
        self._frame_time_s = self._deadlines.frame_s  # the frame under way was given up
        self._metrics.skipped_bytes.inc(lately)

    async def _receive(self) -> int:
        """Read the next bytes into the parser; gives how many, 0 at the end."""
        idle_s = self._deadlines.idle_s
        if self._parser.at_boundary and not self._begin:
            self._frame_time_s = self._deadlines.frame_s  # also when the parser left the frame before out
            return await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        started = time.monotonic()
        if idle_s < self._frame_time_s:
            count = await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        else:
            late = PeerTimeout("frame-timeout", self._deadlines.frame_s)
            count = await self._receive_within(self._frame_time_s, late)
        self._frame_time_s -= time.monotonic() - started
        return count

    async def _receive_within(self, seconds: float, late: PeerTimeout) -> int:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._read()
        except TimeoutError:
            if not limit.expired():
                raise  # the kernel's word: its probes were not answered
            raise late from None

    async def _read(self) -> int:
        if self._placing is not None and (place := self._parser.get_buffer()) is not None:
            count = await self._placing.read_into(place)
            self._parser.buffer_updated(count)
            return count
        try:
            chunk = await self._peer.read()
        except BaseException:
            if self._begin:
                self._parser.feed(self._looked_at(b""))  # it has to know of a frame that is cut off
            raise
        self._parser.feed(chunk if self._look is None else self._looked_at(chunk))
        return len(chunk)

    def _looked_at(self, chunk: bytes) -> bytes:
        """What the parser may have now that `chunk` came; nothing more comes behind an empty one."""
        begin, self._begin = self._begin + chunk, b""
        if chunk and self._look is not None and self._look(begin):
            self._begin = begin
            return b""
        self._look = None
        return begin
