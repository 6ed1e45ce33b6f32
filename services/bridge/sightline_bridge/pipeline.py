"""One connection's frames on their way into Kafka: in order, several in flight, offered again while Kafka is away."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol, final

from sightline_bridge.metrics import FrameResult, SourceMetrics
from sightline_common.budget import ByteBudget
from sightline_common.errors import DeliveryUnknown, PublishError, RecordTooLarge, Unavailable
from sightline_common.logging import log_fields
from sightline_common.paced_log import PacedLog
from sightline_common.publisher import Ack, Outcome
from sightline_common.tracing import ImageSpan, Tracing
from sightline_contracts.images import ImageRecord
from sightline_contracts.texts import Record

# What a frame costs beside its bytes (record, task, producer's batch entry). Counted in the budget, so that a flood of
# tiny frames is bounded too.
FRAME_OVERHEAD_BYTES: Final = 4096
FIRST_RETRY_S: Final = 0.1  # below it a broker that comes back is flooded with attempts
LAST_RETRY_S: Final = 2.0  # above it a connection stays idle noticeably long after Kafka is back

_ABANDONED: Final = DeliveryUnknown("the bridge stopped before Kafka confirmed it")

# Told what became of a frame: `published`, `too-large` or `abandoned`. Must be quick and must not raise.
Settled = Callable[[FrameResult], object]

log = logging.getLogger(__name__)


class RecordPublisher(Protocol):
    """Where frames go; see `sightline_common.publisher.Publisher`."""

    def offer(self, record: Record, settled: Callable[[Outcome], object]) -> bool:
        """Hand `record` over if that needs no waiting. Raises PublishError, then `settled` is not called."""

    async def hand_over(self, record: Record, settled: Callable[[Outcome], object]) -> None:
        """Hand `record` over, waiting for room. Raises PublishError, then `settled` is not called."""


def _paced() -> PacedLog:
    return PacedLog(log)


@dataclass(frozen=True, slots=True)
class SourceLogs:
    """What each of a source's many connections would say at the same time; each kind is paced by itself.

    `faults` is what senders do wrong.
    """

    faults: PacedLog = field(default_factory=_paced)
    kafka_away: PacedLog = field(default_factory=_paced)
    kafka_back: PacedLog = field(default_factory=_paced)


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the frames of one source go: what all sources of the process share, this one's metrics and logs."""

    publisher: RecordPublisher
    budget: ByteBudget
    metrics: SourceMetrics
    tracing: Tracing
    logs: SourceLogs = field(default_factory=SourceLogs)

    def about(self, stream: str | None) -> dict[str, str | None]:
        """What a line of the log about `stream` says beside its words."""
        return {"source": self.metrics.source, "stream": stream}


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    record: Record
    received_at: float  # the loop's clock
    span: ImageSpan
    settled: Settled | None


@final
class FramePipeline:
    """Publishes what `submit` got, in that order.

    Kafka being away is no failure here: everything in flight settles, then what was not taken is offered again in its
    order, one frame alone until one is taken. The caller claims space in the budget, the pipeline gives it back.
    """

    def __init__(self, outlet: Outlet) -> None:
        self._publisher = outlet.publisher
        self._tracing = outlet.tracing
        self._budget = outlet.budget
        self._metrics = outlet.metrics
        self._logs = outlet.logs
        self._about = outlet.about
        self._submitted = 0
        self._waiting: deque[_Entry] = deque()
        self._returned: list[_Entry] = []
        self._in_flight: dict[int, _Entry] = {}
        self._alone = False  # Kafka was away: one attempt at a time until one succeeds
        self._retry_s = FIRST_RETRY_S
        self._ended = False
        self._busy = False  # `run` waits with the first of the frames: none may overtake it
        self._fault: PublishError | None = None
        self._changed = asyncio.Event()

    def submit(self, record: Record, settled: Settled | None = None) -> None:
        """Publish `record`; the caller holds `claim_bytes` of its payload in the budget, which pass to the pipeline.

        `settled` is called once, when the frame's fate is known: in any order, and for a frame that is refused at once
        before this returns.
        """
        record, span = self._traced(record)
        received_at = asyncio.get_running_loop().time()
        self._waiting.append(_Entry(self._submitted, record, received_at, span, settled))
        self._submitted += 1
        if self._busy or len(self._waiting) > 1 or not self._may_offer() or not self._offer():
            self._changed.set()

    def _traced(self, record: Record) -> tuple[Record, ImageSpan]:
        if not isinstance(record, ImageRecord):  # a span for each line would cost more than the line
            return record, ImageSpan(None)
        span = self._tracing.sending(record.id, record.traceparent)
        if span.traceparent != record.traceparent:
            record = replace(record, traceparent=span.traceparent)
        return record, span

    def end(self) -> None:
        """Nothing more will be submitted: `run` returns once all is settled."""
        self._ended = True
        self._changed.set()

    async def run(self) -> None:
        """Publish until `end` was called and every frame is published or dropped.

        When cancelled, what is not acknowledged by then is counted as abandoned.
        """
        try:
            while not self._settled():
                if self._fault is not None:
                    raise self._fault
                if self._returned and not self._in_flight:
                    await self._back_off()
                elif self._may_offer():
                    await self._hand_over()
                else:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            self._abandon()

    def _settled(self) -> bool:
        return self._ended and not (self._waiting or self._returned or self._in_flight)

    def _may_offer(self) -> bool:
        return bool(self._waiting) and not self._returned and not (self._alone and self._in_flight)

    def _offer(self) -> bool:
        """Hand the first frame over without a task's turn, if Kafka's client has room; says whether it was settled."""
        entry = self._waiting[0]
        try:
            if not self._publisher.offer(entry.record, partial(self._settle, entry)):
                return False
        except PublishError as error:
            self._in_flight[entry.number] = self._waiting.popleft()
            self._failed(entry, error)
            return True
        self._in_flight[entry.number] = self._waiting.popleft()
        return True

    async def _hand_over(self) -> None:
        """Hand the first frame over; nothing else is meanwhile, so that a refused frame is never overtaken."""
        entry = self._waiting.popleft()
        self._in_flight[entry.number] = entry
        self._busy = True
        try:
            await self._publisher.hand_over(entry.record, partial(self._settle, entry))
        except PublishError as error:
            self._failed(entry, error)
        finally:
            self._busy = False

    def _settle(self, entry: _Entry, outcome: Outcome) -> None:
        if entry.number not in self._in_flight:  # abandoned: it was counted then
            return
        if isinstance(outcome, PublishError):
            self._failed(entry, outcome)
        else:
            self._published(entry, outcome)

    def _published(self, entry: _Entry, ack: Ack) -> None:
        if self._alone:
            self._logs.kafka_back.write(logging.INFO, "Kafka takes frames again", self._about(entry.record.stream))
        self._alone = False
        self._retry_s = FIRST_RETRY_S
        self._metrics.published_bytes.inc(len(entry.record.payload))
        self._metrics.publish_seconds.observe(asyncio.get_running_loop().time() - entry.received_at)
        if log.isEnabledFor(logging.DEBUG):
            place = {**self._about(entry.record.stream), "partition": ack.partition, "offset": ack.offset}
            log.debug("accepted", extra={**log_fields(entry.record), **place})
        entry.span.stored(ack)
        entry.span.end()
        self._conclude(self._landed(entry), FrameResult.PUBLISHED)

    def _failed(self, entry: _Entry, error: PublishError) -> None:
        """The two failures there are: slow down and offer again, or never."""
        match error:
            case Unavailable() | DeliveryUnknown():
                self._return(entry, error)
            case RecordTooLarge():
                self._drop(entry, error)
            case _:
                self._fault = error
                self._changed.set()

    def _return(self, entry: _Entry, error: PublishError) -> None:
        if not self._alone:
            words = f"Kafka takes no frames, waiting: {error}"
            self._logs.kafka_away.write(logging.WARNING, words, self._about(entry.record.stream))
        self._alone = True
        self._metrics.retries.inc()
        self._returned.append(self._landed(entry))

    def _drop(self, entry: _Entry, error: PublishError) -> None:
        record = entry.record
        extra = {**log_fields(record), **self._about(record.stream), "bytes": len(record.payload)}
        log.warning("frame dropped, too large: %s", error, extra=extra)
        entry.span.end(error)
        self._conclude(self._landed(entry), FrameResult.TOO_LARGE)

    def _landed(self, entry: _Entry) -> _Entry:
        self._changed.set()
        return self._in_flight.pop(entry.number)

    async def _back_off(self) -> None:
        in_order = sorted(self._returned, key=lambda entry: entry.number)
        self._returned.clear()
        self._waiting.extendleft(reversed(in_order))
        self._busy = True
        try:
            await asyncio.sleep(self._retry_s)
        finally:
            self._busy = False
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)

    def _conclude(self, entry: _Entry, result: FrameResult) -> None:
        self._budget.release(claim_bytes(len(entry.record.payload)))
        self._metrics.frame(result)
        if entry.settled is not None:
            entry.settled(result)

    def _abandon(self) -> None:
        left = [*self._in_flight.values(), *self._returned, *self._waiting]
        self._in_flight.clear()
        for entry in left:
            entry.span.end(_ABANDONED)
            self._conclude(entry, FrameResult.ABANDONED)
        if left:
            log.error("%d frames received and not published", len(left), extra=self._about(left[0].record.stream))


def claim_bytes(payload_bytes: int) -> int:
    """What a frame of `payload_bytes` takes from the budget."""
    return payload_bytes + FRAME_OVERHEAD_BYTES
