"""One connection, from its first byte to its last acknowledgement."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.errors import PeerTimeout
from sightline_bridge.framing import Frame, FrameError, Framing, NeedData
from sightline_bridge.metrics import ConnectionEnd, FrameResult
from sightline_bridge.pipeline import FramePipeline, Outlet, claim_bytes
from sightline_bridge.records import RecordOptions
from sightline_bridge.sources.stream import ByteStream, InPlaceStream

# The peer sent all it had to send and all of it was taken, or we left at a frame's end: FIN. Else a reset tells it.
_IN_GOOD_ORDER: Final = frozenset({ConnectionEnd.CLOSED, ConnectionEnd.STOPPED, ConnectionEnd.IDLE_TIMEOUT})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How the streams of one source are read, and what their records say; times in seconds, `math.inf` for no limit.

    `source` is the record's header of that name; `content_type` is that of payloads whose signature says nothing.
    """

    framing: Framing
    max_frame_bytes: int
    idle_timeout_s: float
    frame_timeout_s: float
    source: str
    content_type: str
    model: str | None


class StreamConnection(Protocol):
    """What serves one ByteStream."""

    async def serve(self) -> ConnectionEnd:
        """Read until the end, flush, close; why it ended. Bad input and Kafka's absence are no errors: a bug raises."""

    def stop(self) -> None:
        """Let `serve` end at the next frame boundary."""

    @property
    def frames(self) -> int:
        """Whole frames read until now."""


# A connection for a stream, whose records carry the stream name given.
ConnectionFactory = Callable[[ByteStream, str], StreamConnection]


@final
class Connection:
    """Reads frames off one ByteStream and publishes them in order; `serve` is its whole life."""

    def __init__(self, options: StreamOptions, outlet: Outlet, peer: ByteStream, stream_name: str) -> None:
        self._peer = peer
        self._placing = peer if isinstance(peer, InPlaceStream) else None
        self._options = options
        self._budget = outlet.budget
        self._metrics = outlet.metrics
        self._parser = options.framing.parser(options.max_frame_bytes)
        self._pipeline = FramePipeline(outlet)
        self._stream = stream_name
        self._records = RecordOptions(options.source, options.content_type, options.model)
        self._claimed = 0  # of the budget, for the frame being read
        self._frame_time_s = options.frame_timeout_s  # left for the frame being read
        self._stopping = False
        self._frames = 0

    async def serve(self) -> ConnectionEnd:
        """See StreamConnection."""
        end = ConnectionEnd.STOPPED
        taken = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pipeline.run())
                end = await self._read_to_end()
                self._pipeline.end()
            taken = end in _IN_GOOD_ORDER and self._parser.at_boundary and not self._peer.unread_bytes
        finally:
            self._budget.release(self._claimed)
            self._metrics.connection_end(end)
            if taken:
                self._peer.close()
            else:
                self._peer.reset()
        return end

    def stop(self) -> None:
        """Stop at the next frame boundary, which is now when no frame is under way."""
        self._stopping = True
        if self._parser.at_boundary:
            self._peer.end_reading()

    @property
    def frames(self) -> int:
        """See StreamConnection."""
        return self._frames

    async def _read_to_end(self) -> ConnectionEnd:
        try:
            while not self._stopping and (frame := await self._next_frame()) is not None:
                record = self._records.record(frame, self._stream)
                self._frames += 1
                self._claimed = 0  # it is the pipeline's now
                self._pipeline.submit(record)
        except FrameError as error:
            self._metrics.frame(FrameResult(error.code))
            log.warning("%s: %s", error.code, error.detail, extra={"stream": self._stream})
            return ConnectionEnd.BAD_FRAME
        except (PeerTimeout, OSError) as error:
            self._count_cut_off_frame()
            log.info("connection ended: %s", error, extra={"stream": self._stream})
            return ConnectionEnd(error.code) if isinstance(error, PeerTimeout) else ConnectionEnd.RESET
        return ConnectionEnd.STOPPED if self._stopping else ConnectionEnd.CLOSED

    async def _next_frame(self) -> Frame | None:
        """The next frame, None at the end of the stream; room in the budget is claimed before its bytes are read."""
        while isinstance(frame := self._parser.next_frame(), NeedData):
            if self._parser.pending_bytes:
                await self._claim(self._parser.pending_bytes)
            count = await self._receive()
            if not count:
                self._parser.close()
                return None
            self._metrics.received_bytes.inc(count)
        await self._claim(len(frame.payload))
        self._frame_time_s = self._options.frame_timeout_s
        return frame

    async def _claim(self, payload_bytes: int) -> None:
        """Wait until the budget has room for the frame being read, once for each frame; meanwhile nothing is read."""
        if self._claimed:
            return
        claim = claim_bytes(payload_bytes)
        if not self._budget.try_acquire(claim):
            with self._metrics.waiting_connections.track_inprogress():
                await self._budget.acquire(claim)
        self._claimed = claim

    async def _receive(self) -> int:
        """Read the next bytes into the parser; gives how many, 0 at the end."""
        idle_s = self._options.idle_timeout_s
        if self._parser.at_boundary:
            return await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        started = time.monotonic()
        if idle_s < self._frame_time_s:
            count = await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        else:
            late = PeerTimeout("frame-timeout", self._options.frame_timeout_s)
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

    def _count_cut_off_frame(self) -> None:
        if not self._parser.at_boundary:
            self._metrics.frame(FrameResult.TRUNCATED)
