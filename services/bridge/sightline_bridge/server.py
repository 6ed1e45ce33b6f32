"""The TCP source: accepts connections, bounds their number and stops them together."""

import asyncio
import logging
from typing import Final, final

from sightline_bridge.connection import Connection, Source
from sightline_bridge.metrics import BridgeMetrics, ConnectionEnd
from sightline_bridge.pipeline import RecordPublisher
from sightline_bridge.reader import ChunkReader
from sightline_common.budget import ByteBudget
from sightline_common.tracing import Tracing

# Connections that the kernel accepts ahead of us; a burst above it is retried by the peers' TCP.
BACKLOG: Final = 128

log = logging.getLogger(__name__)


@final
class BridgeServer:
    """Serves `source` on one TCP address. For one event loop."""

    def __init__(
        self,
        source: Source,
        publisher: RecordPublisher,
        budget: ByteBudget,
        metrics: BridgeMetrics,
        *,
        max_connections: int,
        tracing: Tracing,
    ) -> None:
        self._source = source
        self._publisher = publisher
        self._budget = budget
        self._metrics = metrics
        self._max_connections = max_connections
        self._tracing = tracing
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._server: asyncio.Server | None = None
        self._failed: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def start(self, host: str, port: int) -> None:
        """Listen on `host`:`port` (0: any free port). Raises OSError when the address cannot be bound."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ChunkReader(self._accept), host, port, backlog=BACKLOG)

    @property
    def port(self) -> int:
        """The port in use."""
        assert self._server is not None, "start() first"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def failed(self) -> "asyncio.Future[object]":
        """Done, with its exception, when a connection met a fault of ours: the process should stop."""
        return self._failed

    async def stop(self, deadline_s: float) -> None:
        """Accept no more, let each connection end at its next frame boundary and flush, within `deadline_s` seconds."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections.values():
            connection.stop()
        if not self._connections:
            return
        _, late = await asyncio.wait(self._connections, timeout=deadline_s)
        for task in late:
            task.cancel()
        if late:
            log.warning("%d connections were not flushed within %.1f s", len(late), deadline_s)
            await asyncio.wait(late)

    def _accept(self, reader: ChunkReader) -> None:
        if len(self._connections) >= self._max_connections:
            log.warning("connection refused: %d are open", self._max_connections, extra={"peer": reader.peer_host})
            self._metrics.connection_end(ConnectionEnd.REFUSED)
            reader.reset()
            return
        connection = Connection(reader, self._source, self._publisher, self._budget, self._metrics, self._tracing)
        task = asyncio.create_task(connection.serve(), name=f"connection from {reader.peer_host}")
        self._connections[task] = connection
        self._metrics.connections.set(len(self._connections))
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._connections[task]
        self._metrics.connections.set(len(self._connections))
        if not task.cancelled() and (error := task.exception()) is not None and not self._failed.done():
            self._failed.set_exception(error)
