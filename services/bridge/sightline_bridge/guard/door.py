"""What a peer meets before its connection: the allow list, the bounds on connections, TLS."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, final

from sightline_bridge.guard.certificates import Certificates
from sightline_bridge.guard.client_name import NoClientName, client_name
from sightline_bridge.guard.refusals import Refusals
from sightline_bridge.guard.tls_errors import HandshakeFailed, HandshakeTimeout, NotTls
from sightline_bridge.guard.tls_session import TlsSession
from sightline_bridge.guard.tls_stream import PlainStream, close_heard, shake_hands
from sightline_bridge.metrics import ConnectionEnd
from sightline_bridge.sources.stream import ByteStream
from sightline_common.addresses import IPNetwork, Networks
from sightline_common.connections import ConnectionCounts, Full

# Handshakes have places of their own, or peers that never finish one would keep everybody out. Too low turns cameras
# away that come back all at once; each costs a file descriptor and some 100 kB, for at most the handshake's deadline.
MOST_HANDSHAKES: Final = 256
MOST_HANDSHAKES_OF_ONE: Final = 64

_FULL: Final = {Full.ALL: ConnectionEnd.REFUSED, Full.ONE_SENDER: ConnectionEnd.REFUSED_ONE_SENDER}


@dataclass(frozen=True, slots=True)
class Guest:
    """A peer that was let in: the stream to read it by, and the name in its certificate if that was asked for."""

    stream: ByteStream
    client_name: str | None = None


Welcome: TypeAlias = Callable[[Guest], "asyncio.Task[Any]"]


@dataclass(frozen=True, slots=True)
class Tls:
    """How handshakes are made; `named`: whether the peer's certificate has to name it."""

    certificates: Certificates
    timeout_s: float
    named: bool


@dataclass(frozen=True, slots=True)
class DoorRules:
    """Who is let in, and for how long at most. `allow` empty: all; `tls` None: plain."""

    most: int
    most_of_one: int
    allow: tuple[IPNetwork, ...] = ()
    tls: Tls | None = None
    total_timeout_s: float = math.inf


@final
class Door:
    """Lets peers in or resets them; `welcome` gets each that is in. For one event loop."""

    def __init__(
        self, rules: DoorRules, refusals: Refusals, welcome: Welcome, failed: "asyncio.Future[object]"
    ) -> None:
        """`failed` gets the exception of a handshake that met a fault of ours."""
        self._rules = rules
        self._refusals = refusals
        self._welcome = welcome
        self._allowed = Networks(rules.allow)
        self._inside = ConnectionCounts(rules.most, rules.most_of_one)
        self._shaking = ConnectionCounts(MOST_HANDSHAKES, MOST_HANDSHAKES_OF_ONE)
        self._handshakes: set[asyncio.Task[None]] = set()
        self._failed = failed
        self._closed = False

    def knock(self, plain: PlainStream) -> None:
        """Let `plain` in, at once or after its handshake, or reset it."""
        if self._closed:  # the kernel had accepted it before
            plain.reset()
        elif self._rules.allow and plain.peer not in self._allowed:
            self._refuse(plain, ConnectionEnd.NOT_ALLOWED, "it is not in the list of allowed networks")
        elif self._rules.tls is None:
            self._let_in(plain, Guest(plain))
        elif full := self._inside.full_for(plain.peer) or self._shaking.admit(plain.peer):
            self._refuse_full(plain, full)
        else:
            task = asyncio.create_task(self._shake_hands(plain, self._rules.tls), name=f"handshake with {plain.peer}")
            self._handshakes.add(task)
            task.add_done_callback(partial(self._shaken, plain))

    async def close(self) -> None:
        """Let nobody in from now on, and give up the handshakes under way; who is inside stays."""
        self._closed = True
        for task in self._handshakes:
            task.cancel()
        if self._handshakes:
            await asyncio.wait(self._handshakes)

    async def _shake_hands(self, plain: PlainStream, tls: Tls) -> None:
        session = TlsSession(tls.certificates.context(), server_side=True)
        try:
            stream = await shake_hands(plain, session, tls.timeout_s)
            name = client_name(session.certificate()) if tls.named else None
        except HandshakeTimeout as late:
            self._refuse(plain, ConnectionEnd.HANDSHAKE_TIMEOUT, str(late))
        except (NotTls, NoClientName) as error:
            self._refuse(plain, ConnectionEnd.TLS_FAILED, str(error))
        except HandshakeFailed as error:
            self._refusals.note(ConnectionEnd.TLS_FAILED, plain.peer, str(error))
            await close_heard(plain)
        else:
            self._let_in(plain, Guest(stream, name))

    def _let_in(self, plain: PlainStream, guest: Guest) -> None:
        peer = plain.peer
        if full := self._inside.admit(peer):
            self._refuse_full(plain, full)
        else:
            self._welcome(guest).add_done_callback(lambda _: self._inside.leave(peer))

    def _refuse_full(self, plain: PlainStream, full: Full) -> None:
        most = {Full.ALL: "", Full.ONE_SENDER: " of its address"}[full]
        self._refuse(plain, _FULL[full], f"as many connections{most} as there may be are open")

    def _refuse(self, plain: PlainStream, end: ConnectionEnd, why: str) -> None:
        self._refusals.note(end, plain.peer, why)
        plain.reset()

    def _shaken(self, plain: PlainStream, task: "asyncio.Task[None]") -> None:
        self._handshakes.discard(task)
        self._shaking.leave(plain.peer)
        if task.cancelled():
            plain.reset()
        elif (error := task.exception()) is not None and not self._failed.done():
            self._failed.set_exception(error)
