"""A span for each request that brings images, joined to its caller's trace. Loaded only where spans are made."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline_common.otlp import context_of

_BRING_IMAGES: Final = ("/v1/images", "/v2/")
_FAULT: Final = 500


class Traced:
    """`app`, whose routes have these `paths` with `{name}` for each parameter, with spans."""

    def __init__(self, app: ASGIApp, tracer: Tracer, paths: Iterable[str]) -> None:
        self._app = app
        self._tracer = tracer
        self._paths = [_Path(path) for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within a span, which is the current one meanwhile."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_BRING_IMAGES):
            await self._app(scope, receive, send)
            return
        with self._request(scope) as span:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, scope, self._route(scope), int(message["status"]))
                await send(message)

            await self._app(scope, receive, noting)

    def _route(self, scope: Scope) -> str | None:
        """The path with its parameters' names in place of their values; None when nothing is there.

        The scope's own route will not do: of a router within a router it knows only the end of its path.
        """
        if "endpoint" not in scope:
            return None
        values = scope.get("path_params", {})
        return next((path.text for path in self._paths if path.of(values) == scope["path"]), None)

    @contextmanager
    def _request(self, scope: Scope) -> Iterator[Span]:
        headers = Headers(scope=scope)
        attributes: dict[str, Any] = {"http.request.method": scope["method"], "url.path": scope["path"]}
        if (size := headers.get("content-length", "")).isdigit():
            attributes["http.request.body.size"] = int(size)
        parent = context_of(headers)
        with self._tracer.start_as_current_span(scope["method"], parent, SpanKind.SERVER, attributes) as span:
            yield span


class _Path:
    """A route's path."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._names = compile_path(text)[2].keys()

    def of(self, values: Mapping[str, object]) -> str | None:
        """The path with these values in it; None when its parameters are others."""
        return self.text.format_map(values) if values.keys() == self._names else None


def _note(span: Span, scope: Scope, route: str | None, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if route is not None:
        span.set_attribute("http.route", route)
        span.update_name(f"{scope['method']} {route}")
    if status >= _FAULT:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))
