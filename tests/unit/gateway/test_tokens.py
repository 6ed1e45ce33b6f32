"""JWTs of a provider that a test plays: its keys, its clock, its faults."""

import asyncio
import base64
import hmac
import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from sightline_common.json_fetch import Refused, fetch_json
from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.tokens import Provider, Tokens
from sightline_gateway.settings import GatewaySettings
from tests.http_server import Quiet, serving
from tests.unit.gateway.conftest import Serve
from tests.unit.gateway.test_errors import assert_problem
from tests.unit.gateway.test_guard import Keys, call
from tests.unit.gateway.test_keys import Clock

ISSUER = "https://login.example"
KEYS_URL = "https://login.example/keys"
KEY = generate_private_key(65537, 2048)


def key_set(keys: Mapping[str, RSAPrivateKey]) -> dict[str, Any]:
    """The public halves, as a provider publishes them."""
    made = [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}
        for name, key in keys.items()
    ]
    return {"keys": made}


class Login:
    """The provider: what it publishes and how often it was asked."""

    def __init__(self) -> None:
        self.keys: dict[str, RSAPrivateKey] = {"first": KEY}
        self.asked: list[str] = []
        self.keys_url = KEYS_URL
        self.broken = False
        self.open = threading.Event()  # while it is not, whoever asks waits
        self.open.set()
        self.clock = Clock()

    def __call__(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        assert self.open.wait(10)
        if self.broken:
            raise OSError("no route to host")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": self.keys_url}
        assert url == self.keys_url
        return key_set(self.keys)

    def tokens(self) -> Tokens:
        """A gateway's side."""
        return Tokens(ISSUER, "sightline", Provider(ISSUER, None, self, self.clock))


def token(key: RSAPrivateKey = KEY, kid: str = "first", **changes: Any) -> str:
    """A good token, but for the changes; None takes a claim away."""
    claims = {
        "iss": ISSUER,
        "aud": "sightline",
        "sub": "ada",
        "exp": time.time() + 60,
        "scope": "openid sightline:upload sightline:read",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, "RS256", {"kid": kid})


async def test_a_token_says_who_calls_and_what_for() -> None:
    login = Login()
    tokens = login.tokens()
    caller = await tokens.find(token())
    assert caller is not None
    assert (caller.name, caller.scopes) == ("ada", frozenset({Scope.UPLOAD, Scope.READ}))
    listed = await tokens.find(token(scope=None, scp=["sightline:admin", "admin"]))
    assert listed is not None
    assert listed.scopes == {Scope.ADMIN}
    programs = await tokens.find(token(scope=None, roles=["sightline:read"]))
    assert programs is not None
    assert programs.scopes == {Scope.READ}
    foreign = await tokens.find(token(scope="upload read"))
    assert foreign is not None
    assert foreign.scopes == frozenset()
    assert len(login.asked) == 2  # where the keys are, then the keys, which are kept


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another service"},
        {"aud": None},
        {"exp": 1_000},
        {"exp": None},
        {"sub": None},
        {"nbf": 9_999_999_999},
        {"kid": "unknown"},
        {"key": generate_private_key(65537, 2048)},
    ],
)
async def test_another_token_is_nobodys(changes: dict[str, Any]) -> None:
    assert await Login().tokens().find(token(**changes)) is None


async def test_a_signature_that_anybody_can_make_is_none() -> None:
    claims = jwt.decode(token(), options={"verify_signature": False})
    tokens = Login().tokens()
    assert await tokens.find(jwt.encode(claims, "", "none", {"kid": "first"})) is None
    assert await tokens.find("no.token.atall") is None
    for published_half in (
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(key_set({"first": KEY})["keys"][0]).encode(),
    ):
        assert await tokens.find(shared_secret_token(claims, published_half)) is None


def shared_secret_token(claims: Mapping[str, Any], secret: bytes) -> str:
    """By hand: PyJWT refuses to sign with a public key, as an attacker would."""
    parts = ({"alg": "HS256", "kid": "first"}, claims)
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + signature).decode()


async def test_a_header_of_brackets_is_no_fault_of_ours() -> None:
    """Python's JSON parser gives up on them with an error of its own kind, which PyJWT before 2.15 let through."""
    header = base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=")
    assert await Login().tokens().find(f"{header}.e30.x") is None


async def test_new_keys_are_found_but_unknown_ones_do_not_hammer_the_provider() -> None:
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.keys = {"second": generate_private_key(65537, 2048)}
    asked = len(login.asked)
    for number in range(50):
        assert await tokens.find(token(kid=f"made up {number}")) is None
    assert len(login.asked) == asked
    login.clock.now = 30.0
    assert await tokens.find(token(login.keys["second"], "second")) is not None
    assert await tokens.find(token()) is None  # withdrawn


async def test_a_provider_that_is_away_leaves_the_keys_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.broken, login.clock.now = True, 700.0
    assert await tokens.find(token()) is not None
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_slow_provider_does_not_hold_up_those_whose_key_is_known() -> None:
    """While it was away, one caller every five seconds waited for its time-outs."""
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    asked = len(login.asked)
    login.open.clear()
    login.clock.now = 301.0
    try:
        async with asyncio.timeout(5):
            assert await tokens.find(token()) is not None
            while len(login.asked) == asked:  # behind his back
                await asyncio.sleep(0.01)
    finally:
        login.open.set()


async def test_while_the_provider_is_away_nobody_waits_for_it_a_second_time() -> None:
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.broken, login.clock.now = True, 700.0
    assert await tokens.find(token()) is not None
    login.open.clear()
    login.clock.now += 5.0
    try:
        async with asyncio.timeout(5):
            assert await tokens.find(token()) is not None
    finally:
        login.open.set()


async def test_keys_that_were_not_asked_for_lately_are_asked_for_before_they_are_believed() -> None:
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.keys, login.clock.now = {"second": KEY}, 601.0
    assert await asyncio.gather(*(tokens.find(token()) for _ in range(3))) == [None] * 3


async def test_keys_of_yesterday_let_nobody_in() -> None:
    """Whoever could keep the provider away from us could use a key that it withdrew for ever."""
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.broken, login.clock.now = True, 24 * 3600.0
    assert await tokens.find(token()) is not None
    login.clock.now += 6.0
    assert await tokens.find(token()) is None
    login.broken = False
    login.clock.now += 6.0
    assert await tokens.find(token()) is not None


async def test_a_provider_may_move_its_keys() -> None:
    """Where they were at first was kept for ever: everybody was locked out until a restart."""
    login = Login()
    tokens = login.tokens()
    assert await tokens.find(token()) is not None
    login.keys_url, login.clock.now = f"{ISSUER}/v2/keys", 601.0
    login.keys = {"second": KEY}
    assert await tokens.find(token(kid="second")) is not None


async def test_those_who_come_before_the_first_keys_wait_for_them() -> None:
    """All but the first of them were refused."""
    login = Login()
    tokens = login.tokens()
    assert None not in await asyncio.gather(*(tokens.find(token()) for _ in range(20)))
    assert len(login.asked) == 2


async def test_a_provider_that_comes_back_is_asked_again_soon() -> None:
    login = Login()
    login.broken = True
    tokens = login.tokens()
    assert await tokens.find(token()) is None
    login.broken = False
    assert await tokens.find(token()) is None
    login.clock.now = 5.0
    assert await tokens.find(token()) is not None


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ({}, ["ERROR"]),
        ({"keys": {}}, ["ERROR"]),
        ({"keys": ["x"]}, ["ERROR"]),
        ({"keys": [{"kty": "oct", "k": "eA", "kid": "first"}]}, []),  # a set, but of a secret that others share
    ],
)
async def test_what_is_no_set_of_keys_lets_nobody_in(
    shape: Any, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    tokens = Tokens(ISSUER, "sightline", Provider(ISSUER, KEYS_URL, lambda _: shape))
    assert await tokens.find(token()) is None
    assert [record.levelname for record in caplog.records] == told


async def test_a_provider_that_calls_itself_otherwise_is_not_believed() -> None:
    login = Login()
    assert await Tokens(f"{ISSUER}/x", "sightline", Provider(f"{ISSUER}/x", None, login)).find(token()) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"gateway_oidc_issuer": ISSUER},
        {"gateway_oidc_audience": "sightline"},
        {"gateway_oidc_issuer": "http://login.example", "gateway_oidc_audience": "sightline"},
        {"gateway_oidc_issuer": "file:///etc/passwd", "gateway_oidc_audience": "sightline"},
    ],
)
def test_settings_that_would_let_others_in_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(**settings)


def test_keys_of_nobody_are_refused_by_name() -> None:
    """They were ignored: whoever set nothing else believed that tokens were asked for."""
    with pytest.raises(ValidationError, match="SIGHTLINE_GATEWAY_OIDC_KEYS_URL is set without SIGHTLINE_GATEWAY_OIDC"):
        GatewaySettings(gateway_oidc_keys_url=KEYS_URL)


def test_a_provider_is_enough_to_serve_others() -> None:
    good = GatewaySettings(gateway_host="0.0.0.0", gateway_oidc_issuer=ISSUER, gateway_oidc_audience="sightline")
    assert good.identifies


class _Answers(Quiet, BaseHTTPRequestHandler):
    """The provider's documents; everything else has moved to its keys."""

    def __init__(self, documents: Mapping[str, Any], *arguments: Any) -> None:
        self._documents = documents
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """One of them."""
        known = self.path in self._documents
        self.send_response(200 if known else 302)
        if not known:
            self.send_header("Location", "/keys")
        self.end_headers()
        self.wfile.write(json.dumps(self._documents.get(self.path)).encode())


@contextmanager
def published() -> Iterator[str]:
    """The provider on a socket of this machine: its name, which is its URL."""
    documents: dict[str, Any] = {"/keys": key_set({"first": KEY})}
    with serving(partial(_Answers, documents)) as url:
        documents["/.well-known/openid-configuration"] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        yield url


async def test_tokens_open_a_gateway_beside_its_keys(serve: Serve, tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    with published() as issuer:
        settings = {"gateway_oidc_issuer": issuer, "gateway_oidc_audience": "sightline"}
        async with serve(**settings, gateway_keys_file=keys.file) as served:
            bearer = {"Authorization": f"Bearer {token(iss=issuer, scope='sightline:read')}"}
            assert (await call(served, Scope.READ, bearer)).status_code == 200
            assert_problem(await call(served, Scope.UPLOAD, bearer), 403, "forbidden")
            expired = {"Authorization": f"Bearer {token(iss=issuer, exp=1_000)}"}
            refused = await call(served, Scope.READ, expired)
            assert_problem(refused, 401, "unauthorized")
            assert "key or token" in refused.json()["detail"]
            assert (await call(served, Scope.UPLOAD, keys.bearer("upload"))).status_code == 202
            assert (await served.client.post("/v1/session", headers=bearer)).status_code == 204
            assert (await call(served, Scope.READ, {})).status_code == 200


async def test_a_live_stream_does_not_outlive_its_token(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline_gateway.guard.tokens._LEEWAY_S", 0.0)
    monkeypatch.setattr("sightline_gateway.event_stream.LOOK_S", 0.1)
    monkeypatch.setattr("sightline_gateway.live.HEARTBEAT_S", 0.1)
    with published() as issuer:
        async with serve(gateway_oidc_issuer=issuer, gateway_oidc_audience="sightline") as served:
            early = {"Authorization": f"Bearer {token(iss=issuer, scope='sightline:read')}"}
            assert (await call(served, Scope.READ, early)).status_code == 200, "the keys are fetched"
            good_until = math.ceil(time.time()) + 2
            bearer = {"Authorization": f"Bearer {token(iss=issuer, scope='sightline:read', exp=good_until)}"}
            async with asyncio.timeout(20), served.client.stream("GET", "/v1/results/stream", headers=bearer) as stream:
                assert stream.status_code == 200
                lines = [line async for line in stream.aiter_lines()]
            assert time.time() >= good_until
            assert ": heartbeat" in lines
            assert "event: expired" in lines
            assert_problem(await served.client.get("/v1/results/stream", headers=bearer), 401, "unauthorized")


def test_keys_are_not_fetched_where_others_could_change_them() -> None:
    for url in ("http://login.example/keys", "file:///etc/passwd", "https:///keys"):
        with pytest.raises(ValueError, match="no https URL"):
            fetch_json(url)


def test_no_redirect_is_followed() -> None:
    """Only where they ended was looked at: a detour over http, where others could send them elsewhere, passed."""
    with published() as issuer:
        assert "keys" in fetch_json(f"{issuer}/keys")
        with pytest.raises(Refused, match="302"):
            fetch_json(f"{issuer}/moved")
