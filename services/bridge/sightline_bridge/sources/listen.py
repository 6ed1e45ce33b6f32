"""Sources that others connect to: accept connections, bound their number and stop them together."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol, final

from sightline_bridge.connection import ConnectionFactory
from sightline_bridge.errors import StartError, reason_of
from sightline_bridge.guard.door import Door, DoorRules, Guest
from sightline_bridge.guard.refusals import Refusals
from sightline_bridge.metrics import ConnectionEnd, SourceMetrics
from sightline_bridge.sources.connections import ConnectionSet
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_bridge.sources.stream import ByteStream
from sightline_common.management import Readiness
from sightline_common.paced_log import PacedLog

# Connections that the kernel accepts ahead of us; a burst above it is retried by the peers' TCP.
BACKLOG: Final = 128

log = logging.getLogger(__name__)


class Address(Protocol):
    """Where a source listens: a TCP address, a Unix socket."""

    async def listen(self, protocol: Callable[[], SocketStream]) -> asyncio.Server:
        """Accept connections, each with a `protocol` of its own. Raises OSError when the address cannot be used."""

    def stream_name(self, stream: ByteStream) -> str:
        """The stream of the records that come over `stream`."""

    def close(self) -> None:
        """Leave nothing behind, after the server was closed."""

    def __str__(self) -> str:
        """The address as it was configured, for people."""


@final
class ListenSource:
    """Serves everyone who connects to one address."""

    def __init__(
        self, name: str, address: Address, connect: ConnectionFactory, metrics: SourceMetrics, rules: DoorRules
    ) -> None:
        self._name = name
        self._address = address
        self._metrics = metrics
        self._connections = ConnectionSet(connect, metrics, rules.total_timeout_s)
        refusals = Refusals(name, metrics, PacedLog(log))
        self._door = Door(rules, refusals, self._welcome, self._connections.failed)
        self._server: asyncio.Server | None = None
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        metrics.connection_limit.set(rules.most)

    @property
    def name(self) -> str:
        """See Source."""
        return self._name

    @property
    def port(self) -> int:
        """The TCP port in use."""
        assert self._server is not None, "start() first"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def failed(self) -> "asyncio.Future[object]":
        """See Source."""
        return self._connections.failed

    @property
    def ended(self) -> "asyncio.Future[bool]":
        """See Source; never done."""
        return self._ended

    async def start(self) -> None:
        """See Source."""
        try:
            self._server = await self._address.listen(lambda: SocketStream(self._door.knock))
        except OSError as error:
            raise StartError(f"cannot listen on {self._address}: {reason_of(error)}") from error
        self._metrics.up.set(1)
        log.info("listening on %s", self._shown(), extra={"source": self._name})

    async def stop(self, deadline_s: float) -> None:
        """See Source."""
        if self._server is not None:
            self._server.close()
            self._address.close()
            self._server = None
        self._metrics.up.set(0)
        await self._door.close()
        await self._connections.stop(deadline_s)

    def readiness(self) -> Readiness:
        """See Source."""
        if self._server is None:
            return Readiness(ok=False, reason=f"not listening on {self._address}")
        return Readiness(ok=True, reason=f"listening on {self._address}, {len(self._connections)} connections")

    def _shown(self) -> str:
        """The address with the port in use, which differs when any free one was asked for."""
        shown = str(self._address)
        return f"{shown.removesuffix(':0')}:{self.port}" if shown.endswith(":0") else shown

    def _welcome(self, guest: Guest) -> "asyncio.Task[ConnectionEnd]":
        return self._connections.serve(guest.stream, guest.client_name or self._address.stream_name(guest.stream))
