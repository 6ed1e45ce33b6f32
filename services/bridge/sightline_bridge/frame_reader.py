"""Frames off one ByteStream: room is claimed before bytes are read, and a peer has deadlines to keep."""

import asyncio
import time
from dataclasses import dataclass
from typing import final

from sightline_bridge.errors import PeerTimeout
from sightline_bridge.framing import Frame, FrameParser, NeedData
from sightline_bridge.pipeline import Outlet, claim_bytes
from sightline_bridge.sources.stream import ByteStream, InPlaceStream


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a peer may be silent, and take for one frame; in seconds, `math.inf` for no limit."""

    idle_s: float
    frame_s: float


@final
class FrameReader:
    """Feeds a parser from a peer; for one task."""

    def __init__(self, peer: ByteStream, parser: FrameParser, deadlines: Deadlines, outlet: Outlet) -> None:
        self._peer = peer
        self._placing = peer if isinstance(peer, InPlaceStream) else None
        self._parser = parser
        self._deadlines = deadlines
        self._budget = outlet.budget
        self._metrics = outlet.metrics
        self._claimed = 0  # of the budget, for the frame being read
        self._frame_time_s = deadlines.frame_s  # left for the frame being read

    async def next_frame(self) -> Frame | None:
        """The next frame, None at the end of the stream; its claim on the budget passes to the caller.

        After a PeerTimeout it may be called again.

        Raises:
            FrameError: see FrameParser.
            PeerTimeout: the peer was silent or slow for too long.
            OSError: the stream broke.
        """
        while isinstance(frame := self._parser.next_frame(), NeedData):
            if self._parser.pending_bytes:
                await self._claim(self._parser.pending_bytes)
            else:
                self.release()  # of a frame that the parser left out
            count = await self._receive()
            if not count:
                self._parser.close()
                return None
            self._metrics.received_bytes.inc(count)
        await self._claim(len(frame.payload))
        self._claimed = 0
        self._frame_time_s = self._deadlines.frame_s
        return frame

    def release(self) -> None:
        """Give back what is claimed for a frame that did not come whole."""
        self._budget.release(self._claimed)
        self._claimed = 0

    async def _claim(self, payload_bytes: int) -> None:
        """Wait until the budget has room for the frame being read, once for each frame; meanwhile nothing is read."""
        claim = claim_bytes(payload_bytes)
        if self._claimed == claim:
            return
        self.release()
        if not self._budget.try_acquire(claim):
            with self._metrics.waiting_connections.track_inprogress():
                await self._budget.acquire(claim)
        self._claimed = claim

    async def _receive(self) -> int:
        """Read the next bytes into the parser; gives how many, 0 at the end."""
        idle_s = self._deadlines.idle_s
        if self._parser.at_boundary:
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
            async with asyncio.timeout(seconds):
                return await self._read()
        except TimeoutError:
            raise late from None

    async def _read(self) -> int:
        if self._placing is not None and (place := self._parser.get_buffer()) is not None:
            count = await self._placing.read_into(place)
            self._parser.buffer_updated(count)
            return count
        chunk = await self._peer.read()
        self._parser.feed(chunk)
        return len(chunk)
