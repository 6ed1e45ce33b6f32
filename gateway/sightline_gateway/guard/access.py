"""Who makes a request, by what it carries: a key or token in a header, or in the console's cookie."""

from typing import TYPE_CHECKING, Final

from fastapi import Request

from sightline_gateway.guard.callers import Caller, Scope, needed_scope
from sightline_gateway.guard.keys import KEY_PREFIX, KeyFile
from sightline_gateway.guard.settings import GuardSettings

if TYPE_CHECKING:
    from sightline_gateway.guard.tokens import Tokens

COOKIE: Final = "sightline_session"
_MOST_CHARACTERS: Final = 16 * 1024  # tokens with long lists of groups come near it; browsers keep cookies of 4,096
_EVERYBODY: Final = Caller("", "everybody", frozenset(Scope))


class Access:
    """Tells callers by their credentials."""

    def __init__(self, settings: GuardSettings) -> None:
        self._open = not settings.identifies
        self._keys = None if settings.gateway_keys_file is None else KeyFile(settings.gateway_keys_file)
        self._tokens = _tokens(settings)

    async def caller(self, request: Request) -> Caller | None:
        """Who calls; None when nobody we know."""
        if self._open:
            return _EVERYBODY
        credential = header_credential(request) or _cookie_credential(request)
        if credential is None or len(credential) > _MOST_CHARACTERS:
            return None
        if credential.startswith(KEY_PREFIX):
            return None if self._keys is None else self._keys.find(credential)
        return None if self._tokens is None else await self._tokens.find(credential)

    async def still_admits(self, request: Request) -> bool:
        """Whether a request that was let in would be let in now: its key may be revoked, its token expired."""
        caller, needed = await self.caller(request), needed_scope(request.method, request.scope["path"])
        return caller is not None and (needed is None or caller.may(needed))


def _tokens(settings: GuardSettings) -> "Tokens | None":
    issuer, audience = settings.gateway_oidc_issuer, settings.gateway_oidc_audience
    if issuer is None or audience is None:
        return None
    # PyJWT and its cryptography take 9 MB: only who has a provider pays.
    from sightline_gateway.guard.tokens import Provider, Tokens  # noqa: PLC0415

    return Tokens(issuer, audience, Provider(issuer, settings.gateway_oidc_keys_url))


def caller_id(request: Request) -> str:
    """What tells apart whoever made `request`, which the guard let in; "" where nobody is asked who they are."""
    caller: Caller = request.state.caller
    return caller.id


async def still_admitted(request: Request) -> bool:
    """Whether whoever made `request`, which the guard let in, would be let in now."""
    access: Access = request.state.access
    return await access.still_admits(request)


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
