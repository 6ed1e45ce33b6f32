"""JWTs of an OpenID Connect provider: who a token is for, checked by the provider's published keys."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt

from sightline_common.json_fetch import WRONG_SHAPE, fetch_json
from sightline_gateway.guard.callers import Caller, Scope

log = logging.getLogger(__name__)

# Only signatures that the provider alone can make; "none" and shared secrets are not among them.
_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
_LEEWAY_S: Final = 30.0  # clocks of two hosts differ
_FRESH_S: Final = 600.0  # how long a key that the provider withdrew may go on being believed
_PAUSE_S: Final = 30.0  # between two requests to the provider, whatever unknown keys tokens name
_RETRY_S: Final = 5.0  # the same after one that failed: until it succeeds nobody with a token gets in
SCOPE_PREFIX: Final = "sightline:"
# RFC 9068's, and what others call it: Okta and Entra ID for users, Entra ID for programs.
_SCOPE_CLAIMS: Final = ("scope", "scp", "roles")

# No answer, half of one, or documents of another shape than theirs should have.
_PROVIDERS_FAULTS: Final = (OSError, *WRONG_SHAPE, jwt.PyJWTError)

Fetch = Callable[[str], Mapping[str, Any]]


class Provider:
    """The provider's keys, fetched when a token needs them."""

    def __init__(
        self, issuer: str, keys_url: str | None, fetch: Fetch = fetch_json, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._url = keys_url
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._next_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """The provider's key of that id; None when it has none, or never answered.

        Whose key is known waits for the provider only to look at it again; who asks meanwhile gets it as it was.
        """
        known = self._keys.get(key_id)
        if known is not None and (self._fetching.locked() or not self._is_due(key_id)):
            return known
        async with self._fetching:
            if self._is_due(key_id):
                await self._refresh()
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        stale = now - self._fetched_at > _FRESH_S
        return (stale or key_id not in self._keys) and now >= self._next_at

    async def _refresh(self) -> None:
        try:
            self._keys = await asyncio.to_thread(self._read)
        except _PROVIDERS_FAULTS as error:
            log.error("no keys from %s: %s", self._issuer, error)  # noqa: TRY400 - the message says it all
            self._next_at = self._clock() + _RETRY_S
        else:
            self._fetched_at = self._clock()
            self._next_at = self._fetched_at + _PAUSE_S

    def _read(self) -> dict[str, jwt.PyJWK]:
        if self._url is None:
            about = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if about["issuer"] != self._issuer:
                raise ValueError(f"it calls itself {about['issuer']}")
            self._url = str(about["jwks_uri"])
        keys = jwt.PyJWKSet.from_dict(dict(self._fetch(self._url))).keys
        return {
            key.key_id: key
            for key in keys
            if key.key_id and key.key_type != "oct" and key.public_key_use in (None, "sig")
        }


class Tokens:
    """Tells callers by their tokens."""

    def __init__(self, issuer: str, audience: str, provider: Provider) -> None:
        self._issuer = issuer
        self._audience = audience
        self._provider = provider

    async def find(self, token: str) -> Caller | None:
        """Whose token it is; None when it is not valid here and now."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._provider.key(str(header.get("kid")))
            if key is None or header.get("alg") not in _ALGORITHMS:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            log.debug("a token was refused", extra={"detail": str(error)})
            return None
        return Caller(f"token:{claims['sub']}", str(claims["sub"]), _scopes(claims))


def _scopes(claims: Mapping[str, Any]) -> frozenset[Scope]:
    """Ours among the words of the claims that providers use: sightline:upload, sightline:read, sightline:admin."""
    words = {word for name in _SCOPE_CLAIMS for word in _words(claims.get(name))}
    return frozenset(scope for scope in Scope if f"{SCOPE_PREFIX}{scope}" in words)


def _words(said: object) -> list[str]:
    if isinstance(said, str):
        return said.split()
    return [str(word) for word in said] if isinstance(said, list) else []
