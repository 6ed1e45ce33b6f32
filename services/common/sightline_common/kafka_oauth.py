"""Access tokens for Kafka's mechanism OAUTHBEARER, by OAuth 2's client credentials grant."""

import base64
import logging
import re
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kafka.errors import KafkaConnectionError
from kafka.net.sasl.oauth import AbstractTokenProvider

from sightline_common.json_fetch import WRONG_SHAPE, Refused, fetch_json

log = logging.getLogger(__name__)

_USED: Final = 0.8  # the part of a token's time after which another is fetched; brokers ask again from 0.85 on
_RETRY_S: Final = 10.0  # after a renewal that failed: each try holds up the client's network thread until its time-out
_UNTOLD_S: Final = 60.0  # how long a token lasts whose time the provider does not tell
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750; nothing else may get into the SASL message
_CODE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,60}")  # RFC 6749


class NoToken(KafkaConnectionError):  # type: ignore[misc]
    """The provider gave no token; the message is the reason, for an operator."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Where a process gets its tokens and as whom; `read_secret` gives the secret as it is now."""

    url: str
    client_id: str
    read_secret: Callable[[], str]
    scope: str | None


class TokenSource(AbstractTokenProvider):  # type: ignore[misc]
    """Gives clients of kafka-python their tokens and keeps each until most of its time is over. Thread-safe."""

    def __init__(self, credentials: ClientCredentials, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._expires_at = float("-inf")

    def token(self) -> str:
        """A token that is valid now.

        Raises:
            NoToken: the provider gives none, and the one before it is over.
            KafkaConfigurationError: the secret's file cannot be read any more.
        """
        with self._lock:
            now = self._clock()
            if now >= self._renew_at:
                self._renew(now)
            return self._token

    def _renew(self, now: float) -> None:
        try:
            token, lasts_s = fetch_token(self._credentials)
        except NoToken as error:
            if now >= self._expires_at:
                raise
            log.warning("the Kafka token that is still valid is used on: %s", error)
            self._renew_at = min(self._clock() + _RETRY_S, self._expires_at)
            return
        self._token = token
        self._renew_at, self._expires_at = now + _USED * lasts_s, now + lasts_s


def fetch_token(credentials: ClientCredentials) -> tuple[str, float]:
    """A new token and the seconds that it lasts.

    Raises:
        NoToken: there is no answer, or none with a token.
    """
    form = {"grant_type": "client_credentials", **({"scope": credentials.scope} if credentials.scope else {})}
    # As Kafka's Java client writes it: the same secret has to open the door to Spark and to the gateway.
    proof = base64.b64encode(f"{credentials.client_id}:{credentials.read_secret()}".encode()).decode()
    headers = {"Authorization": f"Basic {proof}", "Accept": "application/json"}
    try:
        return _parsed(fetch_json(credentials.url, urllib.parse.urlencode(form).encode(), headers))
    except Refused as refused:
        raise _refused(credentials, refused) from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise NoToken(f"{_nothing_from(credentials)}, check SIGHTLINE_KAFKA_OAUTH_TOKEN_URL ({reason})") from None
    except WRONG_SHAPE:
        detail = "its answer has no bearer token"
        raise NoToken(f"{_nothing_from(credentials)}, check SIGHTLINE_KAFKA_OAUTH_TOKEN_URL ({detail})") from None


def _parsed(document: dict[str, Any]) -> tuple[str, float]:
    token, lasts = document["access_token"], float(document.get("expires_in") or _UNTOLD_S)
    if _TOKEN.fullmatch(token) is None or not lasts > 0:
        raise ValueError
    return token, lasts


def _refused(credentials: ClientCredentials, refused: Refused) -> NoToken:
    names = "SIGHTLINE_KAFKA_USERNAME and SIGHTLINE_KAFKA_PASSWORD or SIGHTLINE_KAFKA_PASSWORD_FILE"
    look_at = names if refused.status in (400, 401, 403) else "SIGHTLINE_KAFKA_OAUTH_TOKEN_URL"
    code = refused.document.get("error")
    told = f" {code}" if isinstance(code, str) and _CODE.fullmatch(code) else ""
    return NoToken(f"{_nothing_from(credentials)}, check {look_at} ({refused.status}{told})")


def _nothing_from(credentials: ClientCredentials) -> str:
    return f"no token from {credentials.url}"
