"""What ASGI cannot do: refuse connections, time the heads of requests, close on a peer that takes no more bytes."""

import asyncio
import socket
import struct
from functools import partial
from typing import Any, Final, cast

import httptools
from starlette.responses import Response
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sightline_gateway.errors import RETRY_AFTER_S, problem_response
from sightline_gateway.guard.connections import Connections
from sightline_gateway.guard.headers import CONTENT_POLICY, SECURITY_HEADERS
from sightline_gateway.intake import Intake, read_ahead
from sightline_gateway.problems import Problem
from sightline_gateway.unread import UnreadWatch

_KEY: Final = "sightline.transport"
# Far above what browsers send. The parser has no limit of its own, and what is between two bodies is in no budget.
_MOST_HEAD_BYTES: Final = 64 * 1024
# One read can bring ten thousand heads, each of which would be kept before any key, rate or budget is looked at. Far
# above what clients send before they read an answer; with fewer, those that do not wait would lose their connection.
_MOST_WAITING: Final = 8
_INVALID: Final = "Invalid HTTP request received."


class GatewayProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that lends its transport to the requests of the connection, and has limits."""

    def __init__(self, *args: Any, admissions: Connections | None, head_timeout_s: float, **options: Any) -> None:
        """Without `admissions` everybody may connect; the others are uvicorn's."""
        super().__init__(*args, **options)
        self._admissions = admissions
        self._head_timeout_s = head_timeout_s
        self._head_deadline: asyncio.TimerHandle | None = None
        self._address: str | None = None  # of a connection that was admitted
        self._head_begun = True  # the first one is timed from the beginning, the next ones from their first byte
        self._in_body = False
        self._refused = False  # what comes now is no request any more
        self._without_use = 0  # bytes since the last ones that completed a head or were a body's
        self._unread = UnreadWatch(self.loop, self._on_unread)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport where each request's scope gets it from, or refuse the connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _KEY: transport}
        address = self.client[0] if self.client else ""
        problem = None if self._admissions is None else self._admissions.admit(address)
        if problem is not None:
            self._end(problem)
            return
        self._address = address
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        if self._admissions is not None and self._address is not None:
            self._admissions.leave(self._address)
        self._address = None
        self._stop_watching()
        self._unread.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The peer does not keep up: it may be slow, but not stand still."""
        super().pause_writing()
        self._unread.begin(self.transport)

    def timeout_keep_alive_handler(self) -> None:
        """Close, as nothing came for so long; a close waits for what is unread."""
        super().timeout_keep_alive_handler()
        self._unread.begin(self.transport)

    @property
    def read_ahead(self) -> int:
        """How many bytes to take at a time."""
        return read_ahead(len(self.connections))

    def data_received(self, data: bytes | memoryview) -> None:
        """Take bytes, whole heads among them or not; they are copied as far as they are needed later."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._head_begun = self._head_begun or not self._in_body
        self._without_use += len(data)
        try:
            self._parse(memoryview(data))
        except httptools.HttpParserError:
            self.send_400_response(_INVALID)
            return
        if self._without_use > _MOST_HEAD_BYTES:
            self.send_400_response(f"more than {_MOST_HEAD_BYTES} bytes are neither a whole head nor a body")
        self._watch_head()

    def _parse(self, data: memoryview) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # Java's client offers HTTP/2 with each request, and the parser leaves all that follows the head, the
                # request's body too, to that. We decline: the request goes on as if nothing had been offered.
                data = data[upgrade.args[0] :]
                head = _head(self.parser.get_method(), self.url, self.headers)
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
                self.parser.feed_data(head)

    def on_message_begin(self) -> None:
        """The first byte of a head is there; in one piece with what was before, perhaps."""
        self._head_begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but not one that follows a body: nobody asks for those."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole. Raises ValueError, which the parser reports, for what HTTP/1.1 forbids."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("this is no proxy")
            return
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            raise ValueError("not exactly one Host")
        if len(self.pipeline) >= _MOST_WAITING:
            raise ValueError("too many requests wait for their turn")
        self._head_begun, self._in_body, self._without_use = False, True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand bytes to the request, which takes them as they are: uvicorn would copy them twice more."""
        self._without_use = 0
        cycle = cast("Any", self.cycle)
        if cycle.response_complete:
            return
        cycle.body = b"".join((cycle.body, body)) if cycle.body else body
        if len(cycle.body) >= self.read_ahead:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The body is whole."""
        if self.parser.should_upgrade():
            return
        self._in_body, self._without_use = False, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, unless the body of this one is still on its way: nobody would wait for that."""
        if self._in_body and self.cycle.response_complete:
            self.transport.close()
        super().on_response_complete()
        if self.transport.is_closing():
            self._unread.begin(self.transport)
        self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """Take nothing more, and say that this is no HTTP where nobody takes that for the answer to another request."""
        self._refused = True
        request, problem = self._request(), Problem("bad-request", msg)
        if request is None or request.response_complete:
            self._end(problem)
        elif request.response_started:
            self._close()  # it may be an answer without end
        elif not request.more_body:
            request.keep_alive = False  # it may be an upload that Kafka has already: its answer is the last
        elif self.pipeline:
            self.pipeline[0] = (request, cast("Any", _response(problem)))  # the latest one, in its turn
        else:
            self._end(problem)

    def _request(self) -> RequestResponseCycle | None:
        """The latest request; None before the first, which uvicorn's types do not tell."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _watch_head(self) -> None:
        """Time a head that has begun while nothing is answered; uvicorn times what is between."""
        request = self._request()
        answered = request is None or request.response_complete
        if not (self._head_begun and answered) or self.transport.is_closing():
            self._stop_watching()
        elif self._head_deadline is None:
            self._head_deadline = self.loop.call_later(self._head_timeout_s, self._on_late_head)

    def _stop_watching(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _on_late_head(self) -> None:
        self._head_deadline = None
        if self._without_use:
            self._end(Problem("timeout", f"the head of the request did not arrive within {self._head_timeout_s:g} s"))
        else:
            self._close()  # browsers open connections in advance, and would take an answer for the next one's

    def _end(self, problem: Problem) -> None:
        self.transport.write(_rendered(problem))
        self._close()

    def _close(self) -> None:
        """Close once all is written; a peer that reads nothing does not put that off for ever."""
        self.transport.close()
        self._unread.begin(self.transport)

    def _on_unread(self) -> None:
        _abort(self.transport)


def limited_protocol(admissions: Connections | None = None, head_timeout_s: float = 10.0) -> Any:
    """What uvicorn makes a connection's protocol with, in a process that has these limits."""
    return partial(_connection, admissions, head_timeout_s)


def _connection(admissions: Connections | None, head_timeout_s: float, *args: Any, **options: Any) -> Intake:
    return Intake(GatewayProtocol(*args, admissions=admissions, head_timeout_s=head_timeout_s, **options))


def _head(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The head of a request as it would be if it offered no other protocol."""
    lines = [name + b": " + value for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", *lines, b"", b""])


def _response(problem: Problem) -> Response:
    """The last answer of a connection."""
    retry = {"Retry-After": str(RETRY_AFTER_S)} if problem.code == "rate-limited" else {}
    own = {**SECURITY_HEADERS, "Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-store", **retry}
    return problem_response(problem, None, {**own, "Connection": "close"})


def _rendered(problem: Problem) -> bytes:
    """The whole answer to a request that no application sees."""
    response, status = _response(problem), problem.kind.status
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])


def abort_connection(scope: Scope) -> None:
    """Drop the connection of `scope` at once with what is still buffered; a polite close would wait for the peer."""
    transport = scope.get("state", {}).get(_KEY)
    if transport is not None:
        _abort(transport)


def _abort(transport: asyncio.Transport) -> None:
    # Without this the kernel would keep what it holds for the peer and go on offering it for minutes.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
