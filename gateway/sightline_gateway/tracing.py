"""A span for each request that brings images, joined to its caller's trace. Loaded only where spans are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline_common.otlp import context_of

_BRING_IMAGES: Final = ("/v1/images", "/v2/")
_FAULT: Final = 500


class Traced:
    """`app` with spans."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within a span, which is the current one meanwhile."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_BRING_IMAGES):
            await self._app(scope, receive, send)
            return
        with self._request(scope) as span:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, scope, int(message["status"]))
                await send(message)

            await self._app(scope, receive, noting)

    @contextmanager
    def _request(self, scope: Scope) -> Iterator[Span]:
        headers = Headers(scope=scope)
        attributes: dict[str, Any] = {"http.request.method": scope["method"], "url.path": scope["path"]}
        if (size := headers.get("content-length", "")).isdigit():
            attributes["http.request.body.size"] = int(size)
        parent = context_of(headers)
        with self._tracer.start_as_current_span(scope["method"], parent, SpanKind.SERVER, attributes) as span:
            yield span


def _note(span: Span, scope: Scope, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if (route := _route(scope)) is not None:
        span.set_attribute("http.route", route)
        span.update_name(f"{scope['method']} {route}")
    if status >= _FAULT:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))


def _route(scope: Scope) -> str | None:
    """The path with its parameters' names in place of their values; None when nothing is there.

    Routes of a router within a router know only the end of their paths.
    """
    if "endpoint" not in scope:
        return None
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
