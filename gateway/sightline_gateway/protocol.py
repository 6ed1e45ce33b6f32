"""What ASGI cannot do: refuse connections, time the heads of requests, close on a peer that takes no more bytes."""

import asyncio
import socket
import struct
from typing import Any, ClassVar, Final, cast

import h11
from h11._readers import ContentLengthReader
from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from sightline_gateway.errors import RETRY_AFTER_S, problem_response
from sightline_gateway.guard.connections import Connections
from sightline_gateway.guard.headers import CONTENT_POLICY, SECURITY_HEADERS
from sightline_gateway.problems import Problem

_KEY: Final = "sightline.transport"
# What all connections may bring in one turn of the loop, before any of it is claimed from the byte budget: asyncio's
# 256 KB each are as much as the whole budget where a thousand senders come at once. Far less, and a hundred senders
# wait for small pieces to be read.
_READ_AHEAD_BYTES: Final = 16 * 1024 * 1024
_LEAST_READ_BYTES: Final = 16 * 1024
_MOST_READ_BYTES: Final = 256 * 1024


class GatewayProtocol(H11Protocol):
    """uvicorn's HTTP protocol that lends its transport to the requests of the connection.

    `limited_protocol` makes the one that has limits.
    """

    admissions: ClassVar[Connections | None] = None
    head_timeout_s: ClassVar[float] = 10.0
    _head_deadline: asyncio.TimerHandle | None = None
    _address: str | None = None  # of a connection that was admitted

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport where each request's scope gets it from, or refuse the connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _KEY: transport}
        address = self.client[0] if self.client else ""
        problem = None if self.admissions is None else self.admissions.admit(address)
        if problem is not None:
            self._end(problem)
            return
        self._address = address
        self._bound_reading()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        if self.admissions is not None and self._address is not None:
            self.admissions.leave(self._address)
        self._address = None
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, whole heads among them or not."""
        self._bound_reading()
        if self._take_body(data):
            return
        super().data_received(data)
        self._watch_head()

    def _bound_reading(self) -> None:
        size = min(max(_READ_AHEAD_BYTES // len(self.connections), _LEAST_READ_BYTES), _MOST_READ_BYTES)
        cast("Any", self.transport).max_size = size  # asyncio has no other way to say it

    def _take_body(self, data: bytes) -> bool:
        """Take bytes that are all of the open request's body; says whether they were.

        h11 would copy them three times on the way to the same place, which takes longer than all else of a large body.
        Its own count of what is left goes on, so that it sees the end.
        """
        reader = self.conn._reader  # noqa: SLF001 - h11 has no way around its buffer
        if type(reader) is not ContentLengthReader or self.conn.trailing_data[0]:
            return False
        left = reader._remaining - len(data)  # noqa: SLF001
        if left < 0 or self.conn.their_state is not h11.SEND_BODY or self.conn.our_state is h11.DONE:
            return False
        reader._remaining = left  # noqa: SLF001
        self._unset_keepalive_if_required()
        self.cycle.body += data
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        if left == 0:
            self.handle_events()  # of h11, which now sees the end
        else:
            self.cycle.message_event.set()
        return True

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, unless the answer has begun and only the connection can be ended."""
        request = self._request()
        if request is not None and request.response_started and not request.response_complete:
            self.transport.close()
            return
        self._end(Problem("bad-request", msg))

    def _request(self) -> RequestResponseCycle | None:
        """The latest request; None before the first, which uvicorn's types do not tell."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _watch_head(self) -> None:
        """A head is timed from its first byte, the first one from the beginning; uvicorn times what is between."""
        waits = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if not (waits and (self._request() is None or self.conn.trailing_data[0])):
            self._stop_watching()
        elif self._head_deadline is None:
            self._head_deadline = self.loop.call_later(self.head_timeout_s, self._on_late_head)

    def _stop_watching(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _on_late_head(self) -> None:
        self._head_deadline = None
        if self.conn.trailing_data[0]:
            self._end(Problem("timeout", f"the head of the request did not arrive within {self.head_timeout_s:g} s"))
        else:
            self.transport.close()  # browsers open connections in advance, and would take an answer for the next one's

    def _end(self, problem: Problem) -> None:
        self.transport.write(_rendered(problem))
        self.transport.close()


def limited_protocol(admissions: Connections, head_timeout_s: float) -> type[GatewayProtocol]:
    """The protocol of a process that has these limits; uvicorn makes one object of it a connection."""
    limits = {"admissions": admissions, "head_timeout_s": head_timeout_s}
    return type("LimitedProtocol", (GatewayProtocol,), limits)


def _rendered(problem: Problem) -> bytes:
    """The whole answer to a request that no application sees."""
    retry = {"Retry-After": str(RETRY_AFTER_S)} if problem.code == "rate-limited" else {}
    own = {**SECURITY_HEADERS, "Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-store", **retry}
    response = problem_response(problem, None, {**own, "Connection": "close"})
    status = problem.kind.status
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])


def abort_connection(scope: Scope) -> None:
    """Drop the connection of `scope` at once with what is still buffered; a polite close would wait for the peer."""
    transport = scope.get("state", {}).get(_KEY)
    if transport is not None:
        # Without this the kernel would keep what it holds for the peer and go on offering it for minutes.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
