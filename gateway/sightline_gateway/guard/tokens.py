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
_RENEW_S: Final = 300.0  # after which the keys are fetched again, while everybody goes on with those that are known
_FRESH_S: Final = 600.0  # how long a key that the provider withdrew may go on being believed
# The same while the provider is away. Below a token's time, an outage would lock out who has a good one; and after a
# day without it hardly anybody can have one.
_OLDEST_S: Final = 24 * 3600.0
_PAUSE_S: Final = 30.0  # between two requests to the provider, whatever unknown keys tokens name
_RETRY_S: Final = 5.0  # the same after one that failed: until it succeeds, new keys let nobody in
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
        self._away = False
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """The provider's key of that id; None when it has none, never answered, or has been away for a day.

        A known key waits for the provider only when nobody has asked it for long, and not while it is away.
        """
        running = self._refresh_if_due(key_id)
        if running is not None and self._needs_refresh(key_id):
            await asyncio.shield(running)  # others wait for it too
        return self._keys.get(key_id) if self._age() <= _OLDEST_S else None

    def _refresh_if_due(self, key_id: str) -> "asyncio.Task[None] | None":
        """The refresh that is under way, if any."""
        if self._refreshing is not None and not self._refreshing.done():
            return self._refreshing
        wanted = key_id not in self._keys or self._age() > _RENEW_S
        if not wanted or self._clock() < self._next_at:
            return None
        self._refreshing = asyncio.create_task(self._refresh())
        return self._refreshing

    def _needs_refresh(self, key_id: str) -> bool:
        return key_id not in self._keys or self._age() > (_OLDEST_S if self._away else _FRESH_S)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self) -> None:
        try:
            self._keys = await asyncio.to_thread(self._read)
        except _PROVIDERS_FAULTS as error:
            log.error("no keys from %s: %s", self._issuer, error)  # noqa: TRY400 - the message says it all
            self._away = True
            self._next_at = self._clock() + _RETRY_S
        else:
            self._away = False
            self._fetched_at = self._clock()
            self._next_at = self._fetched_at + _PAUSE_S

    def _read(self) -> dict[str, jwt.PyJWK]:
        # Where the keys are is asked each time: a provider may move them.
        keys = jwt.PyJWKSet.from_dict(dict(self._fetch(self._url or self._discovered()))).keys
        return {
            key.key_id: key
            for key in keys
            if key.key_id and key.key_type != "oct" and key.public_key_use in (None, "sig")
        }

    def _discovered(self) -> str:
        about = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about["issuer"] != self._issuer:
            raise ValueError(f"it calls itself {about['issuer']}")
        return str(about["jwks_uri"])


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
