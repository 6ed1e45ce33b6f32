"""The security headers of every answer, errors and pages included."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOT_MODIFIED: Final = 304
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
# For answers that are no page: a browser that is made to show one runs and loads nothing. Pages bring their own.
CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


class SecurityHeaders:
    """Adds to each answer the headers that it does not have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and complete the head of the answer."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message, encrypted=scope["scheme"] == "https")
            await send(message)

        await self._app(scope, receive, complete)


def _complete(message: Message, *, encrypted: bool) -> None:
    sent = list(message["headers"])
    present = {name.lower() for name, _ in sent}
    wanted = [*_ALWAYS, *(_ENCRYPTED if encrypted else ())]
    if message["status"] != _NOT_MODIFIED:  # it would replace the policy of the page that the browser has
        wanted += _OF_CONTENT
    message["headers"] = sent + [header for header in wanted if header[0] not in present]


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_ALWAYS: Final = _raw({**SECURITY_HEADERS, "Cache-Control": "no-store"})  # results are not for a proxy's cache
_ENCRYPTED: Final = _raw({"Strict-Transport-Security": "max-age=31536000"})
_OF_CONTENT: Final = _raw({"Content-Security-Policy": CONTENT_POLICY})
