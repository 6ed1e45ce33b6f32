"""Source `udp`: datagrams of frames on a UDP port of ours."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from sightline_bridge.datagram.outcomes import DatagramResult, FrameLoss, Whole
from sightline_bridge.datagram.reassembly import Reassembler, ReassemblyLimits
from sightline_bridge.errors import StartError
from sightline_bridge.framing import Frame
from sightline_bridge.metrics import FrameResult
from sightline_bridge.pipeline import FramePipeline, Outlet
from sightline_bridge.records import RecordOptions
from sightline_bridge.sources.finish import finish
from sightline_bridge.sources.udp_socket import Received, UdpSocket
from sightline_common.addresses import IPNetwork, Networks
from sightline_common.management import Readiness

# Datagrams read in one turn of the event loop. Below, the turn itself costs more than they do; above, connections of
# other sources wait noticeably (64 take about half a millisecond).
BATCH: Final = 64
_REMEMBERED_HOSTS: Final = 1024  # whether they may send; looking it up costs more than a datagram
# Taken at the end: more than the kernel's buffer has room for, so that only who still sends is cut off.
_LAST_DATAGRAMS: Final = 16_384
_LOG_INTERVAL_S: Final = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UdpOptions:
    """Where to listen and what to take; `stream` None: `udp:<address>/<stream id>`, `allow` empty: all may send."""

    host: str
    port: int
    receive_buffer_bytes: int
    stream: str | None
    allow: tuple[IPNetwork, ...]
    limits: ReassemblyLimits
    records: RecordOptions


@final
class UdpSource:
    """Publishes the frames of all who send to one port. Nobody waits: what finds no room is dropped and counted."""

    def __init__(self, name: str, options: UdpOptions, outlet: Outlet) -> None:
        self._name = name
        self._options = options
        self._metrics = outlet.metrics
        self._reassembler = Reassembler(options.limits, outlet.budget)
        self._pipeline = FramePipeline(outlet)
        self._socket: UdpSocket | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._datagrams = outlet.metrics.datagrams()
        self._received_bytes = 0
        self._losses = _LossLog(name)
        self._failed: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._allowed = Networks(options.allow)
        self._may_send = lru_cache(_REMEMBERED_HOSTS)(self._is_allowed)

    @property
    def name(self) -> str:
        """See Source."""
        return self._name

    @property
    def port(self) -> int:
        """The UDP port in use."""
        assert self._socket is not None, "start() first"
        return self._socket.port

    @property
    def failed(self) -> "asyncio.Future[object]":
        """See Source."""
        return self._failed

    @property
    def ended(self) -> "asyncio.Future[bool]":
        """See Source; never done."""
        return self._ended

    async def start(self) -> None:
        """See Source."""
        self._socket = await self._bind()
        loop = asyncio.get_running_loop()
        self._publishing = asyncio.create_task(self._pipeline.run(), name=f"frames of {self._name}")
        self._publishing.add_done_callback(self._published)
        loop.add_reader(self._socket.fileno(), self._readable)
        self._metrics.up.set(1)
        got, wanted = self._socket.receive_buffer_bytes, self._options.receive_buffer_bytes
        log.info("listening on %s:%d (UDP)", self._options.host, self.port, extra={"source": self._name})
        if got < wanted:
            advice = "receive buffer of %d bytes instead of %d: raise net.core.rmem_max on this host"
            log.warning(advice, got, wanted, extra={"source": self._name})

    async def stop(self, deadline_s: float) -> None:
        """See Source; what the kernel still holds is taken, incomplete frames are given up."""
        if self._socket is None or self._publishing is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._take(_LAST_DATAGRAMS)
        self._submit(self._reassembler.close())
        self._account()
        self._losses.close()
        self._socket.close()
        self._socket = None
        self._metrics.up.set(0)
        self._pipeline.end()
        if await finish([self._publishing], deadline_s):
            log.warning("not all frames were flushed within %.1f s", deadline_s, extra={"source": self._name})

    def readiness(self) -> Readiness:
        """See Source."""
        listening = self._socket is not None
        where = f"{self._options.host}:{self._options.port} (UDP)"
        return Readiness(ok=listening, reason=f"{'listening' if listening else 'not listening'} on {where}")

    def _is_allowed(self, host: str) -> bool:
        return not self._options.allow or host in self._allowed

    async def _bind(self) -> UdpSocket:
        host, port = self._options.host, self._options.port
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            family, _, _, _, address = found[0]
            return UdpSocket(family, address, self._options.receive_buffer_bytes)
        except OSError as error:
            raise StartError(f"cannot listen on {host}:{port} (UDP): {error.strerror or error}") from error

    def _readable(self) -> None:
        """Called by the loop, which would only log what is raised here."""
        try:
            self._take(BATCH)
            self._account()
            self._set_timer()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the process has to end with it
            self._fail(error)

    def _expire(self) -> None:
        self._timer = None
        try:
            self._submit(self._reassembler.expire(asyncio.get_running_loop().time()))
            self._account()
            self._set_timer()
        except Exception as error:  # noqa: BLE001 -- as above
            self._fail(error)

    def _take(self, most: int) -> None:
        """Read what is there, until it is at least so many datagrams."""
        assert self._socket is not None
        now, taken = asyncio.get_running_loop().time(), 0
        while taken < most and (received := self._socket.receive()) is not None:
            self._received_bytes += len(received.data)
            datagrams = _apart(received)
            taken += len(datagrams)
            if self._may_send(received.sender[0]):
                for datagram in datagrams:
                    self._submit(self._reassembler.push(received.sender, datagram, now))
            else:
                self._reassembler.datagrams[DatagramResult.NOT_ALLOWED] += len(datagrams)

    def _submit(self, frames: list[Whole]) -> None:
        for frame in frames:
            stream = self._options.stream or f"udp:{frame.sender[0]}/{frame.stream_id}"
            self._pipeline.submit(self._options.records.record(Frame(frame.name, frame.image), stream))

    def _account(self) -> None:
        """Pass on what was counted since the last time."""
        assert self._socket is not None
        datagrams, frames = self._reassembler.datagrams, self._reassembler.frames
        if drops := self._socket.new_drops():
            datagrams[DatagramResult.KERNEL] = drops
        self._metrics.received_bytes.inc(self._received_bytes)
        self._received_bytes = 0
        for result, count in datagrams.items():
            self._datagrams[result].inc(count)
        for loss, count in frames.items():
            self._metrics.frame(FrameResult(loss), count)
        self._losses.add(datagrams, frames)
        datagrams.clear()
        frames.clear()

    def _set_timer(self) -> None:
        deadline = self._reassembler.next_deadline
        if self._timer is None and deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _published(self, publishing: "asyncio.Task[None]") -> None:
        if not publishing.cancelled() and (error := publishing.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)


def _apart(received: Received) -> list[memoryview]:
    """The single datagrams, of which even an empty one is one."""
    data, size = received.data, received.size
    return [data[start : start + size] for start in range(0, len(data), size)] if size else [data]


@final
class _LossLog:
    """What was dropped, in one line a second at most: strangers cause it, and a flood must not fill the log."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._dropped: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None  # runs for a second after each line

    def add(self, datagrams: Mapping[DatagramResult, int], frames: Mapping[FrameLoss, int]) -> None:
        """Count these, and say so as soon as a second went by since the last line."""
        for result, count in datagrams.items():
            if result is not DatagramResult.TAKEN:
                self._dropped[f"datagrams {result}"] += count
        for loss, count in frames.items():
            self._dropped[f"frames {loss}"] += count
        if self._timer is None:
            self._tell()

    def close(self) -> None:
        """Say what was not said yet."""
        self._tell()
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        self._timer = None
        if self._dropped:
            told = ", ".join(f"{count} {what}" for what, count in sorted(self._dropped.items()))
            self._dropped.clear()
            log.warning("dropped: %s", told, extra={"source": self._source})
            self._timer = asyncio.get_running_loop().call_later(_LOG_INTERVAL_S, self._tell)
