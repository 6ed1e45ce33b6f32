"""Pages of other origins, where they are allowed to call."""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from sightline_gateway.errors import problem_response
from sightline_gateway.problems import Problem

_OK: Final = 200
_METHODS: Final = ("GET", "POST", "DELETE")
_SENT: Final = (
    "Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "X-Image-Name",
    "X-Callback-Url", "traceparent",
)  # fmt: skip
_READ: Final = ("Location", "Retry-After", "Preference-Applied", "RateLimit", "RateLimit-Policy")


class Cors(CORSMiddleware):
    """Starlette's, for keys in headers only (no cookies), refusing as a problem document."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(app, allow_origins=origins, allow_methods=_METHODS, allow_headers=_SENT, expose_headers=_READ)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser asks before it lets a page call."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == _OK:
            return answer
        refusal = Problem("bad-request", "SIGHTLINE_GATEWAY_CORS_ORIGINS does not let this origin's pages call so")
        return problem_response(refusal, None)
