"""One connection, from its first byte to its last acknowledgement."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.ack.unexpected import REFUSAL, refuse_hello
from sightline_bridge.errors import PeerTimeout
from sightline_bridge.frame_reader import Deadlines, FrameReader
from sightline_bridge.framing import FrameError, Framing
from sightline_bridge.metrics import ConnectionEnd, FrameResult
from sightline_bridge.pipeline import FramePipeline, Outlet
from sightline_bridge.records import RecordMaker, RecordOptions
from sightline_bridge.sources.farewell import close_behind
from sightline_bridge.sources.stream import ByteStream

# The peer sent all it had to send and all of it was taken, or we left at a frame's end: FIN. Else a reset tells it.
_IN_GOOD_ORDER: Final = frozenset({ConnectionEnd.CLOSED, ConnectionEnd.STOPPED, ConnectionEnd.IDLE_TIMEOUT})


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

    @property
    def deadlines(self) -> Deadlines:
        """What a peer has to keep."""
        return Deadlines(self.idle_timeout_s, self.frame_timeout_s)

    @property
    def records(self) -> RecordOptions:
        """What the records say."""
        return RecordOptions(self.source, self.content_type, self.model)


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

    def __init__(
        self, options: StreamOptions, outlet: Outlet, records: RecordMaker, peer: ByteStream, stream_name: str
    ) -> None:
        self._peer = peer
        self._metrics = outlet.metrics
        self._log = outlet.logs.faults
        self._parser = options.framing.parser(options.max_frame_bytes)
        self._reader = FrameReader(peer, self._parser, options.deadlines, options.max_frame_bytes, outlet, refuse_hello)
        self._pipeline = FramePipeline(outlet)
        self._stream = stream_name
        self._about = outlet.about(stream_name)
        self._records = records
        self._hello = False  # the peer waits for answers that this source does not give
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
            self._reader.release()
            self._metrics.connection_end(end)
            if self._hello:
                await close_behind(self._peer, REFUSAL)
            elif taken:
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
            while not self._stopping and (frame := await self._reader.next_frame()) is not None:
                self._frames += 1
                self._pipeline.submit(self._records.record(frame, self._stream))
        except FrameError as error:
            self._hello = error.code == "unexpected-hello"
            self._metrics.frame(FrameResult(error.code))
            self._log.write(logging.WARNING, f"{error.code}: {error.detail}", self._about)
            return ConnectionEnd.BAD_FRAME
        except (PeerTimeout, OSError) as error:
            self._count_cut_off_frame()
            self._log.write(logging.INFO, f"connection ended: {error}", self._about)
            return ConnectionEnd(error.code) if isinstance(error, PeerTimeout) else ConnectionEnd.RESET
        return ConnectionEnd.STOPPED if self._stopping else ConnectionEnd.CLOSED

    def _count_cut_off_frame(self) -> None:
        if not self._parser.at_boundary:
            self._metrics.frame(FrameResult.TRUNCATED)
