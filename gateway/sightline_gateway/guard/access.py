"""Who makes a request, by what it carries: a key in a header, or in the console's cookie."""

from typing import Final

from fastapi import Request

from sightline_gateway.guard.callers import Caller, Scope
from sightline_gateway.guard.keys import KeyFile
from sightline_gateway.guard.settings import GuardSettings

COOKIE: Final = "sightline_session"
_MOST_CHARACTERS: Final = 4096  # a cookie's limit; tokens with long lists of groups come near it
_EVERYBODY: Final = Caller("", "everybody", frozenset(Scope))


class Access:
    """Tells callers by their credentials."""

    def __init__(self, settings: GuardSettings) -> None:
        self._open = not settings.identifies
        self._keys = None if settings.gateway_keys_file is None else KeyFile(settings.gateway_keys_file)

    async def caller(self, request: Request) -> Caller | None:
        """Who calls; None when nobody we know."""
        if self._open:
            return _EVERYBODY
        credential = header_credential(request) or _cookie_credential(request)
        if credential is None or len(credential) > _MOST_CHARACTERS or self._keys is None:
            return None
        return self._keys.find(credential)


def header_credential(request: Request) -> str | None:
    """The key in `Authorization: Bearer` or `X-API-Key`; None without one."""
    kind, _, credential = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and credential.strip():
        return credential.strip()
    return request.headers.get("x-api-key") or None


def _cookie_credential(request: Request) -> str | None:
    # The cookie is SameSite=Strict; browsers also say here when a page of another origin makes the request.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return None
    return request.cookies.get(COOKIE)
