"""Sources with one stream at a time: open it, read it to its end, and open it again unless it was the last."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.back_off import BackOff
from sightline_bridge.connection import ConnectionFactory, StreamConnection
from sightline_bridge.errors import reason_of
from sightline_bridge.metrics import ConnectionEnd, SourceMetrics
from sightline_bridge.sources.finish import finish
from sightline_bridge.sources.stream import ByteStream
from sightline_common.management import Readiness

# Below it, a sender that restarts is dialled many times a second; above it, its first frames wait noticeably long.
FIRST_RETRY_S: Final = 0.2
# Above it, a camera that comes back after a night is missed for noticeably long.
LAST_RETRY_S: Final = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream, what its records call it, and whether the source ends with it."""

    stream: ByteStream
    stream_name: str
    is_last: bool


class Opener(Protocol):
    """How a source gets at its stream."""

    async def open(self) -> Opened:
        """The stream, from now on. Raises OSError when it cannot be had now."""

    def close(self) -> None:
        """Leave nothing open; the streams are closed by those who read them."""

    def __str__(self) -> str:
        """What is opened, for people: an address, a path."""


@final
class OneStreamSource:
    """Reads what `opener` opens, for ever or to its end. An end that cannot be opened is tried again and again."""

    def __init__(self, name: str, opener: Opener, connect: ConnectionFactory, metrics: SourceMetrics) -> None:
        self._name = name
        self._opener = opener
        self._connect = connect
        self._metrics = metrics
        self._back_off = BackOff(FIRST_RETRY_S, LAST_RETRY_S)
        self._readiness = Readiness(ok=True, reason="not started")
        self._away = False
        self._stopping = False
        self._connection: StreamConnection | None = None
        self._task: asyncio.Task[bool] | None = None
        loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[bool] = loop.create_future()
        self._failed: asyncio.Future[object] = loop.create_future()

    @property
    def name(self) -> str:
        """See Source."""
        return self._name

    @property
    def failed(self) -> "asyncio.Future[object]":
        """See Source."""
        return self._failed

    @property
    def ended(self) -> "asyncio.Future[bool]":
        """See Source."""
        return self._ended

    async def start(self) -> None:
        """See Source; what cannot be opened yet is no error, it may come."""
        self._task = asyncio.create_task(self._run(), name=f"source {self._name}")
        self._task.add_done_callback(self._finished)

    async def stop(self, deadline_s: float) -> None:
        """See Source."""
        self._stopping = True
        if self._task is not None and not self._task.done():
            await self._end(self._task, deadline_s)
        self._metrics.up.set(0)
        self._opener.close()

    def readiness(self) -> Readiness:
        """See Source; always `ok`: other senders need this process also while the far end of this source is away."""
        return self._readiness

    async def _end(self, task: "asyncio.Task[bool]", deadline_s: float) -> None:
        if self._connection is None:  # it opens, or waits before it does
            task.cancel()
        else:
            self._connection.stop()
        if await finish([task], deadline_s):
            log.warning("it was not flushed within %.1f s", deadline_s, extra={"source": self._name})

    async def _run(self) -> bool:
        """Whether all of the last stream was taken."""
        while True:
            opened = await self._open()
            end = await self._serve(opened)
            if opened.is_last or self._stopping:
                return end is ConnectionEnd.CLOSED
            if end is not ConnectionEnd.CLOSED:  # senders that come for each frame are no change worth a line
                self._set_away(f"the stream ended ({end.value})")

    async def _open(self) -> Opened:
        while True:
            try:
                opened = await self._opener.open()
            except OSError as error:
                self._metrics.open_failures.inc()
                self._set_away(reason_of(error))
                await asyncio.sleep(self._back_off.next_s())
            else:
                self._set_open()
                return opened

    async def _serve(self, opened: Opened) -> ConnectionEnd:
        """Read `opened` to its end. One that brought no frame, or ended in a fault, is not opened again at once."""
        connection = self._connection = self._connect(opened.stream, opened.stream_name)
        self._metrics.connections.set(1)
        try:
            end = await connection.serve()
        finally:
            self._connection = None
            self._metrics.connections.set(0)
        if connection.frames and end is ConnectionEnd.CLOSED:
            self._back_off.reset()
        elif not (opened.is_last or self._stopping):
            await asyncio.sleep(self._back_off.next_s())
        return end

    def _set_open(self) -> None:
        words = f"{self._opener} is open"
        if self._readiness.reason != words:
            log.info("%s", words, extra={"source": self._name})
        self._away = False
        self._metrics.up.set(1)
        self._readiness = Readiness(ok=True, reason=words)

    def _set_away(self, reason: str) -> None:
        """Say it once, however often it is tried again."""
        words = f"{self._opener} is away, trying again and again: {reason}"
        if not self._away:
            log.warning("%s", words, extra={"source": self._name})
        self._away = True
        self._metrics.up.set(0)
        self._readiness = Readiness(ok=True, reason=words)

    def _finished(self, task: "asyncio.Task[bool]") -> None:
        self._metrics.up.set(0)
        self._readiness = Readiness(ok=True, reason=f"{self._opener} has ended")
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            self._failed.set_exception(error)
        else:
            self._ended.set_result(task.result())
