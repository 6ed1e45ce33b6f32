"""The connections of one source: served each in a task of its own, counted, and stopped together."""

import asyncio
import logging
import math
from typing import final

from sightline_bridge.connection import ConnectionFactory, StreamConnection
from sightline_bridge.metrics import ConnectionEnd, SourceMetrics
from sightline_bridge.sources.finish import finish
from sightline_bridge.sources.stream import ByteStream

log = logging.getLogger(__name__)


@final
class ConnectionSet:
    """What serves the streams of one source now. For one event loop."""

    def __init__(self, connect: ConnectionFactory, metrics: SourceMetrics, total_timeout_s: float = math.inf) -> None:
        """`total_timeout_s`: each connection ends so many seconds after its begin, at the next frame boundary."""
        self._connect = connect
        self._total_timeout_s = total_timeout_s
        self._metrics = metrics
        self._connections: dict[asyncio.Task[ConnectionEnd], StreamConnection] = {}
        self._failed: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def failed(self) -> "asyncio.Future[object]":
        """Done, with its exception, when a connection met a fault of ours."""
        return self._failed

    def serve(self, stream: ByteStream, stream_name: str) -> "asyncio.Task[ConnectionEnd]":
        """Serve `stream`, whose records carry `stream_name`, until it ends."""
        connection = self._connect(stream, stream_name)
        task = asyncio.create_task(connection.serve(), name=f"connection from {stream.peer}")
        self._connections[task] = connection
        self._metrics.connections.set(len(self._connections))
        task.add_done_callback(self._ended)
        if self._total_timeout_s < math.inf:
            over = asyncio.get_running_loop().call_later(self._total_timeout_s, connection.stop)
            task.add_done_callback(lambda _: over.cancel())
        return task

    async def stop(self, deadline_s: float) -> None:
        """Let each connection end at its next frame boundary and flush, within `deadline_s` seconds."""
        for connection in self._connections.values():
            connection.stop()
        if not self._connections:
            return
        if late := await finish(list(self._connections), deadline_s):
            words = "%d connections were not flushed within %.1f s"
            log.warning(words, late, deadline_s, extra={"source": self._metrics.source})

    def _ended(self, task: "asyncio.Task[ConnectionEnd]") -> None:
        del self._connections[task]
        self._metrics.connections.set(len(self._connections))
        if not task.cancelled() and (error := task.exception()) is not None and not self._failed.done():
            self._failed.set_exception(error)
