"""A door with a server before it, and certificates for both sides of it."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from sightline_bridge.guard.certificates import connecting, listening
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.guard.door import Door, DoorRules, Guest, Tls
from sightline_bridge.guard.refusals import Refusals
from sightline_bridge.metrics import DEFAULT_SOURCE, BridgeMetrics
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_common.paced_log import PacedLog
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import eventually

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HELLO = b"\x16\x03\x01\x02\x00"  # a ClientHello of which nothing more comes


@dataclass
class Entrance:
    """A door with a server before it, and who came in."""

    registry: CollectorRegistry
    port: int = 0
    guests: list[Guest] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    may_close: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    close: Callable[[], Awaitable[None]] = field(init=False)
    serving: list["asyncio.Task[None]"] = field(default_factory=list)

    def welcome(self, guest: Guest) -> "asyncio.Task[Any]":
        self.guests.append(guest)
        task = asyncio.create_task(self._serve(guest))
        self.serving.append(task)
        return task

    async def _serve(self, guest: Guest) -> None:
        try:
            while data := await guest.stream.read():
                self.received += data
        except OSError:
            guest.stream.reset()
            return
        await self.may_close.wait()
        guest.stream.close()

    async def connect(self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Streams:
        """A connection from `address`, of this machine."""
        name = None if tls is None else "localhost"
        opened = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address, 0), ssl=tls, server_hostname=name
        )
        self.writers.append(opened[1])
        return opened

    def ends(self, reason: str) -> float:
        labels = {"source": DEFAULT_SOURCE, "reason": reason}
        value = self.registry.get_sample_value("sightline_bridge_connection_ends_total", labels)
        assert value is not None, f"no end {reason}"
        return value


@asynccontextmanager
async def entrance(rules: DoorRules) -> AsyncIterator[Entrance]:
    registry = CollectorRegistry()
    refusals = Refusals(
        DEFAULT_SOURCE, BridgeMetrics(registry).of(DEFAULT_SOURCE), PacedLog(logging.getLogger("sightline_bridge"))
    )
    opened = Entrance(registry)
    failed: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    door = Door(rules, refusals, opened.welcome, failed)
    server = await asyncio.get_running_loop().create_server(lambda: SocketStream(door.knock), "127.0.0.1", 0)
    opened.close = door.close
    opened.port = server.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        opened.may_close.set()
        server.close()
        await door.close()
        assert not failed.done(), failed
        for writer in opened.writers:
            writer.transport.abort()
        await asyncio.gather(*opened.serving)
        await eventually(lambda: all(writer.is_closing() for writer in opened.writers))


def served(authority: Authority, *, names: bool = False, timeout_s: float = 5) -> Tls:
    """TLS of a server; `names`: senders have to show certificates of the same authority."""
    pair = authority.issue("bridge")
    ours = ListenTls(certificate=pair.certificate, key=pair.key, client_ca=authority.file if names else None)
    return Tls(listening(ours), timeout_s, names)


def client(authority: Authority, name: str | None = None, *, valid: timedelta = timedelta(days=1)) -> ssl.SSLContext:
    """Trusts the authority; shows a certificate for `name`."""
    pair = None if name is None else authority.issue(name, valid=valid)
    certificate, key = (None, None) if pair is None else (pair.certificate, pair.key)
    return connecting(ConnectTls(ca=authority.file, certificate=certificate, key=key)).context()
