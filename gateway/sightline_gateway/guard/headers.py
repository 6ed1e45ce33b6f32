"""The security headers of every answer, errors and pages included."""

from typing import Final

from starlette.datastructures import MutableHeaders
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
_TRANSPORT: Final = "max-age=31536000"


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
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")  # results are not for a proxy's cache
    if encrypted:
        headers.setdefault("Strict-Transport-Security", _TRANSPORT)
    if message["status"] != _NOT_MODIFIED:  # it would replace the policy of the page that the browser has
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
