"""One acknowledged connection: as any other, but its sender is told what became of each frame."""

import asyncio
import logging
from functools import partial
from typing import Final, final

from sightline_bridge.ack.messages import GoodbyeCode, NackCode
from sightline_bridge.ack.session import AckFrame, AckSession
from sightline_bridge.connection import StreamOptions
from sightline_bridge.errors import PeerTimeout
from sightline_bridge.frame_reader import FrameReader
from sightline_bridge.framing import FrameError
from sightline_bridge.metrics import ConnectionEnd, FrameResult
from sightline_bridge.pipeline import FramePipeline, Outlet
from sightline_bridge.sources.farewell import close_behind
from sightline_bridge.sources.stream import ByteStream

# How often a sender that waits hears from us. Senders take three times that for our death.
SIGN_OF_LIFE_S: Final = 15.0
# How long an acknowledgement waits for the next ones while more frames are on their way to Kafka. With less, each frame
# of a busy bridge has a write of its own, which costs as much as reading it; with more, senders keep frames longer.
ACK_PACE_S: Final = 0.02
# How long a peer may leave its answers unread once the kernel's buffers are full of them.
UNREAD_TIMEOUT_S: Final = 30.0
# Refusals that wait behind such a peer; unlike acknowledgements, one does not stand for many.
UNREAD_ANSWER_BYTES: Final = 64 * 1024

_REFUSALS: Final = {
    FrameResult.PUBLISHED: None,
    FrameResult.TOO_LARGE: NackCode.TOO_LARGE,
    FrameResult.ABANDONED: NackCode.NOT_STORED,
}


@final
class AckConnection:
    """Reads frames off one ByteStream, publishes them in order, and answers; `serve` is its whole life."""

    def __init__(self, options: StreamOptions, window: int, outlet: Outlet, peer: ByteStream, stream_name: str) -> None:
        """`window` is how many frames a sender may have unacknowledged; the framing in `options` has no meaning."""
        self._records = options.records
        self._peer = peer
        self._stream = stream_name
        self._about = outlet.about(stream_name)
        self._metrics = outlet.metrics
        self._answers_due = asyncio.Event()
        self._session = AckSession(options.max_frame_bytes, window, self._refused, self._answer_soon)
        self._reader = FrameReader(peer, self._session, options.deadlines, options.max_frame_bytes, outlet)
        self._pipeline = FramePipeline(outlet)
        self._pacer: asyncio.TimerHandle | None = None
        self._unread = False  # the peer does not read its answers
        self._stopping = False
        self._frames = 0
        self._log = outlet.logs.faults  # a sender may be refused for each of its frames

    async def serve(self) -> ConnectionEnd:
        """See StreamConnection."""
        end = ConnectionEnd.STOPPED
        helpers = [asyncio.create_task(self._answer()), asyncio.create_task(self._show_life())]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pipeline.run())
                end = await self._read_to_end()
                self._pipeline.end()
        finally:
            for helper in helpers:
                helper.cancel()
            self._unpace()
            self._reader.release()
            self._metrics.connection_end(end)
            await close_behind(self._peer, self._session.take_answers())
        return end

    def stop(self) -> None:
        """Stop at the next frame boundary, which is now when no frame is under way; the sender is told at once."""
        self._stopping = True
        self._session.goodbye(GoodbyeCode.GOING_AWAY)
        self._leave_off()

    @property
    def frames(self) -> int:
        """See StreamConnection."""
        return self._frames

    async def _read_to_end(self) -> ConnectionEnd:
        try:
            while not self._stopping and (frame := await self._next_frame()) is not None:
                self._submit(frame)
        except FrameError as error:
            self._refused(error)
            return self._ended(ConnectionEnd.BAD_FRAME)
        except PeerTimeout as late:
            self._session.goodbye(GoodbyeCode[late.code.upper().replace("-", "_")])
            return self._cut_off(late, ConnectionEnd(late.code))
        except OSError as error:
            return self._cut_off(error, ConnectionEnd.RESET)
        return self._ended(ConnectionEnd.STOPPED if self._stopping else ConnectionEnd.CLOSED)

    async def _next_frame(self) -> AckFrame | None:
        """The next frame, None at the end; a peer whose frames wait for Kafka may be silent as long as they do."""
        while True:
            try:
                frame = await self._reader.next_frame()
            except PeerTimeout:
                if self._session.at_boundary and self._session.unacknowledged:
                    continue
                raise
            assert frame is None or isinstance(frame, AckFrame), "the session makes no others"
            return frame

    def _submit(self, frame: AckFrame) -> None:
        self._frames += 1
        record = self._records.record(frame, self._stream, frame.image_id, frame.content_type)
        self._pipeline.submit(record, partial(self._settled, frame.frame_id))

    def _settled(self, frame_id: int, result: FrameResult) -> None:
        self._session.settled(frame_id, _REFUSALS[result])

    def _refused(self, error: FrameError) -> None:
        self._reader.frame_left_out()
        self._metrics.frame(FrameResult(error.code))
        self._log.write(logging.WARNING, f"{error.code}: {error.detail}", self._about)
        if self._session.answer_bytes > UNREAD_ANSWER_BYTES:
            self._give_up()

    def _cut_off(self, error: Exception, end: ConnectionEnd) -> ConnectionEnd:
        if not self._session.at_boundary:
            self._metrics.frame(FrameResult.TRUNCATED)
        self._log.write(logging.INFO, f"connection ended: {error}", self._about)
        return self._ended(end)

    def _ended(self, end: ConnectionEnd) -> ConnectionEnd:
        return ConnectionEnd.ANSWERS_UNREAD if self._unread else end

    async def _show_life(self) -> None:
        while True:
            await asyncio.sleep(SIGN_OF_LIFE_S)
            self._session.repeat()

    def _answer_soon(self) -> None:
        self._leave_off()  # the frame under way may be one that is refused before anyone gets it
        if self._session.answer_is_awaited:
            self._answers_due.set()
        elif self._pacer is None:
            self._pacer = asyncio.get_running_loop().call_later(ACK_PACE_S, self._answers_due.set)

    def _leave_off(self) -> None:
        if self._stopping and self._session.at_boundary:
            self._peer.end_reading()

    def _unpace(self) -> None:
        if self._pacer is not None:
            self._pacer.cancel()
            self._pacer = None

    async def _answer(self) -> None:
        """Write what is due. What is settled within ACK_PACE_S, or while the peer reads slowly, is one answer."""
        while True:
            await self._answers_due.wait()
            self._answers_due.clear()
            self._unpace()
            try:
                async with asyncio.timeout(UNREAD_TIMEOUT_S):
                    await self._peer.write(self._session.take_answers())
            except TimeoutError:
                self._give_up()
            except OSError:  # who reads sees it too, and ends the connection
                return

    def _give_up(self) -> None:
        if not self._unread:
            words = "connection reset: the peer does not read its answers"
            self._log.write(logging.WARNING, words, self._about)
            self._unread = True
            self._peer.reset()
