"""One connection, from its first byte to its last acknowledgement."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final, final

from sightline_bridge.errors import PeerTimeout
from sightline_bridge.framing import Frame, FrameError, Framing, NeedData
from sightline_bridge.metrics import BridgeMetrics, ConnectionEnd, FrameResult
from sightline_bridge.pipeline import FramePipeline, RecordPublisher, claim_bytes
from sightline_bridge.reader import ChunkReader
from sightline_common.budget import ByteBudget
from sightline_common.tracing import Tracing
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.media import sniff

UNKNOWN_TYPE: Final = "application/octet-stream"
SNIFF_BYTES: Final = 16  # more than the longest signature
# The peer sent all it had to send and all of it was taken, or we left at a frame's end: FIN. Else a reset tells it.
_IN_GOOD_ORDER: Final = frozenset({ConnectionEnd.CLOSED, ConnectionEnd.STOPPED, ConnectionEnd.IDLE_TIMEOUT})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """How the connections of one source are read, and what their records say; times in seconds.

    `stream` is None when the peer's address names the stream.
    """

    framing: Framing
    max_frame_bytes: int
    idle_timeout_s: float
    frame_timeout_s: float
    stream: str | None
    model: str | None


@final
class Connection:
    """Reads frames off one ChunkReader and publishes them in order; `serve` is its whole life."""

    def __init__(
        self,
        reader: ChunkReader,
        source: Source,
        publisher: RecordPublisher,
        budget: ByteBudget,
        metrics: BridgeMetrics,
        tracing: Tracing,
    ) -> None:
        self._reader = reader
        self._source = source
        self._budget = budget
        self._metrics = metrics
        self._parser = source.framing.parser(source.max_frame_bytes)
        self._pipeline = FramePipeline(publisher, budget, metrics, tracing)
        self._stream = source.stream or f"tcp:{reader.peer_host}"
        self._claimed = 0  # of the budget, for the frame being read
        self._frame_time_s = source.frame_timeout_s  # left for the frame being read
        self._stopping = False

    async def serve(self) -> None:
        """Read until the end, flush, close. Bad input and Kafka's absence are handled here; what raises is a bug."""
        end = ConnectionEnd.STOPPED
        taken = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pipeline.run())
                end = await self._read_to_end()
                self._pipeline.end()
            taken = end in _IN_GOOD_ORDER and self._parser.at_boundary and not self._reader.unread_bytes
        finally:
            self._budget.release(self._claimed)
            self._metrics.connection_end(end)
            if taken:
                self._reader.close()
            else:
                self._reader.reset()

    def stop(self) -> None:
        """Stop at the next frame boundary, which is now when no frame is under way."""
        self._stopping = True
        if self._parser.at_boundary:
            self._reader.end_reading()

    async def _read_to_end(self) -> ConnectionEnd:
        try:
            while not self._stopping and (frame := await self._next_frame()) is not None:
                self._pipeline.submit(self._record(frame))
                self._claimed = 0  # it is the pipeline's now
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
            chunk = await self._receive()
            if not chunk:
                self._parser.close()
                return None
            self._metrics.received_bytes.inc(len(chunk))
            self._parser.feed(chunk)
        await self._claim(len(frame.payload))
        self._frame_time_s = self._source.frame_timeout_s
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

    async def _receive(self) -> bytes:
        idle_s = self._source.idle_timeout_s
        if self._parser.at_boundary:
            return await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        started = time.monotonic()
        if idle_s < self._frame_time_s:
            chunk = await self._receive_within(idle_s, PeerTimeout("idle-timeout", idle_s))
        else:
            late = PeerTimeout("frame-timeout", self._source.frame_timeout_s)
            chunk = await self._receive_within(self._frame_time_s, late)
        self._frame_time_s -= time.monotonic() - started
        return chunk

    async def _receive_within(self, seconds: float, late: PeerTimeout) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return await self._reader.read()
        except TimeoutError:
            raise late from None

    def _record(self, frame: Frame) -> ImageRecord:
        return ImageRecord(
            id=new_image_id(),
            payload=frame.payload,
            content_type=sniff(frame.payload[:SNIFF_BYTES]) or UNKNOWN_TYPE,
            source="tcp",
            accepted_at=time.time_ns() // 1_000_000,
            stream=self._stream,
            name=frame.name,
            model=self._source.model,
        )

    def _count_cut_off_frame(self) -> None:
        if not self._parser.at_boundary:
            self._metrics.frame(FrameResult.TRUNCATED)
