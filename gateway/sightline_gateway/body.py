"""Reading request bodies: bounded in bytes and in time, cut short when the gateway stops."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.settings import GatewaySettings

# How long a refused sender may go on before its connection is closed. Without it the close would reset the connection
# and most clients would report the reset instead of the answer; much longer, and refusing would cost a connection.
_LINGER_S: Final = 2.0
_READ_FLAG: Final = "body_read"


class BodyTooLarge(Exception):
    """More bytes were declared or arrived than the limit allows."""


class BodyTooSlow(Exception):
    """The body did not arrive in the time that its size allows."""


class Stopping(Exception):
    """The gateway stops and the body was not complete within the time that was left."""


@dataclass(frozen=True, slots=True)
class BodyPace:
    """How long a body may take: `grace_s` plus its bytes at `min_rate` (bytes/s), never above `timeout_s`."""

    timeout_s: float
    grace_s: float
    min_rate: int

    def allowed_s(self, received: int) -> float:
        """Seconds from the start until the next bytes have to be there, after `received` bytes."""
        return min(self.timeout_s, self.grace_s + received / self.min_rate)


class Bodies:
    """All request bodies being read. `stop` gives them a last deadline."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.pace = BodyPace(
            settings.gateway_body_timeout_s, settings.gateway_body_grace_s, settings.gateway_min_body_rate
        )
        self._open: set[asyncio.Timeout] = set()
        self._stop_at: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop_at is not None

    async def stop(self, within_s: float) -> None:
        """Give open bodies `within_s` seconds to arrive, refuse new ones, and return when none is being read."""
        self._stop_at = asyncio.get_running_loop().time() + within_s
        for scope in self._open:
            if scope.expired():  # it cannot be moved, and its body is about to end
                continue
            scope.reschedule(min(scope.when() or self._stop_at, self._stop_at))
        await self._idle.wait()

    async def read(self, request: Request, limit: int, sink: Callable[[bytes], None]) -> None:
        """Give the body of `request` to `sink` piece by piece, `limit` bytes at most.

        Raises:
            BodyTooLarge: more is declared, or the next piece would exceed `limit`.
            BodyTooSlow: the pace was not kept.
            Stopping: the gateway stops.
            ClientDisconnect: the sender left.
            Exception: whatever `sink` raises.
        """
        if self._stop_at is not None:
            raise Stopping
        if (declared := content_length(request)) is not None and declared > limit:
            raise BodyTooLarge
        start, received = asyncio.get_running_loop().time(), 0
        try:
            async with asyncio.timeout_at(start + self.pace.allowed_s(0)) as scope:
                with self._registered(scope):
                    async for chunk in request.stream():
                        if not chunk:  # the last one always is
                            continue
                        received += len(chunk)
                        if received > limit:
                            raise BodyTooLarge
                        self._extend(scope, start + self.pace.allowed_s(received))
                        sink(chunk)
        except TimeoutError as error:
            raise (Stopping if self.stopping else BodyTooSlow) from error
        request.scope[_READ_FLAG] = True

    @contextmanager
    def _registered(self, scope: asyncio.Timeout) -> Iterator[None]:
        self._open.add(scope)
        self._idle.clear()
        try:
            yield
        finally:
            self._open.discard(scope)
            if not self._open:
                self._idle.set()

    def _extend(self, scope: asyncio.Timeout, deadline: float) -> None:
        scope.reschedule(deadline if self._stop_at is None else min(deadline, self._stop_at))


def content_length(request: Request) -> int | None:
    """The declared size of the body in bytes; None when it is chunked (the server has refused malformed ones)."""
    declared = request.headers.get("content-length")
    return int(declared) if declared is not None and declared.isdigit() else None


def respond_with_unread_body(request: Request, response: Response) -> Response:
    """`response` as is, or wrapped so that a sender still busy with its body gets to read it."""
    if request.method not in ("POST", "PUT", "PATCH") or request.scope.get(_READ_FLAG):
        return response
    response.headers["Connection"] = "close"
    return _Lingering(response)


class _Lingering(Response):
    """Sends a whole answer at once, then discards what still arrives for a short while before the connection closes."""

    def __init__(self, inner: Response) -> None:
        super().__init__(status_code=inner.status_code)
        self._inner = inner

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self._inner.body)
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": list(self._inner.raw_headers)}
        )
        await send({"type": "http.response.body", "body": body, "more_body": True})
        try:
            async with asyncio.timeout(_LINGER_S):
                await _discard(receive)
        except TimeoutError:
            pass  # the sender goes on regardless: now it is cut off
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return
