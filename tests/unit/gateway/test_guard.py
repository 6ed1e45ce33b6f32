"""The guard before every route, over real sockets: who gets in, how often, and what every answer carries."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightline_gateway.guard.callers import Scope, parse_scopes
from sightline_gateway.guard.headers import CONTENT_POLICY, SECURITY_HEADERS
from sightline_gateway.guard.keys import make_key
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_errors import assert_problem

CALLS = {
    Scope.UPLOAD: ("POST", "/v1/images"),
    Scope.READ: ("GET", "/v1/images"),
    Scope.ADMIN: ("GET", "/metrics"),
}
PUBLIC = ["/", "/healthz", "/readyz", "/openapi.json", "/console/js/main.js", "/problems/unauthorized"]


class Keys:
    """A file of keys, and the keys."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys"
        made = {name: make_key(name, parse_scopes(name)) for name in ("upload", "read", "upload,read", "admin")}
        self.file.write_text("".join(f"{entry.line()}\n" for _, entry in made.values()))
        self._keys = {name: key for name, (key, _) in made.items()}

    def bearer(self, scopes: str) -> dict[str, str]:
        """Headers with the key that has these scopes."""
        return {"Authorization": f"Bearer {self._keys[scopes]}"}

    def __getitem__(self, scopes: str) -> str:
        return self._keys[scopes]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


async def call(served: Served, scope: Scope, headers: dict[str, str]) -> httpx.Response:
    """The call that needs this scope."""
    method, path = CALLS[scope]
    return await served.client.request(
        method, path, headers=headers, content=image_bytes() if method == "POST" else None
    )


@pytest.mark.parametrize("scopes", ["upload", "read", "upload,read", "admin"])
async def test_a_key_opens_what_its_scopes_say(serve: Serve, keys: Keys, scopes: str) -> None:
    async with serve(gateway_keys_file=keys.file) as served:
        for scope in Scope:
            answer = await call(served, scope, keys.bearer(scopes))
            if scope in parse_scopes(scopes) or scopes == "admin":
                assert answer.status_code in (200, 202), scope
            else:
                assert_problem(answer, 403, "forbidden")
                assert answer.json()["scope"] == scope
                assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sightline_00000000_x"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
        {"X-API-Key": "x" * 20_000},
        {"Cookie": "sightline_session=nope"},
    ],
)
async def test_without_a_valid_key_nothing_but_pages_and_probes(
    serve: Serve, keys: Keys, headers: dict[str, str]
) -> None:
    async with serve(gateway_keys_file=keys.file) as served:
        for scope in Scope:
            answer = await call(served, scope, headers)
            assert_problem(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for path in ("/v1/results/stream", "/v1/models", "/v1/images/x", "/nope"):
            assert_problem(await served.client.get(path, headers=headers), 401, "unauthorized")
        for path in PUBLIC:
            assert (await served.client.get(path, headers=headers)).status_code == 200, path
        assert served.publisher.records == []
        assert served.metrics.refused.labels("unauthorized")._value.get() == 7


async def test_a_host_header_does_not_change_what_a_call_needs(serve: Serve, keys: Keys) -> None:
    """The framework builds a request's URL from its Host header, which may contain a path."""
    async with serve(gateway_keys_file=keys.file) as served:
        host = {"Host": "x/healthz?"}
        assert_problem(await served.client.get("/v1/images", headers=host), 401, "unauthorized")
        assert_problem(await served.client.get("/metrics", headers={**host, **keys.bearer("read")}), 403, "forbidden")


async def test_a_revoked_key_is_refused(serve: Serve, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline_gateway.guard.keys._LOOK_S", 0.0)
    async with serve(gateway_keys_file=keys.file) as served:
        assert (await call(served, Scope.READ, keys.bearer("read"))).status_code == 200
        kept = [line for line in keys.file.read_text().splitlines() if not line.endswith(" read read")]
        keys.file.write_text("\n".join(kept))
        assert_problem(await call(served, Scope.READ, keys.bearer("read")), 401, "unauthorized")
        assert (await call(served, Scope.READ, keys.bearer("admin"))).status_code == 200


async def test_a_revoked_key_ends_its_live_stream_with_a_reason(
    serve: Serve, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had begun to read went on for as long as they liked; those with other keys still do."""
    monkeypatch.setattr("sightline_gateway.guard.keys._LOOK_S", 0.0)
    monkeypatch.setattr("sightline_gateway.event_stream.LOOK_S", 0.0)
    monkeypatch.setattr("sightline_gateway.live.HEARTBEAT_S", 0.05)
    async with (
        serve(gateway_keys_file=keys.file) as served,
        served.client.stream("GET", "/v1/results/stream", headers=keys.bearer("admin")) as other,
        served.client.stream("GET", "/v1/results/stream", headers=keys.bearer("read")) as stream,
    ):
        lines = stream.aiter_lines()
        async with asyncio.timeout(10):
            assert ": heartbeat" in [await anext(lines) for _ in range(8)]
            kept = [line for line in keys.file.read_text().splitlines() if not line.endswith(" read read")]
            keys.file.write_text("\n".join(kept))
            rest = [line async for line in lines]
        assert rest[-3:-1] == [
            "event: expired",
            'data: {"reason": "the key or token is no longer valid: reconnect with another"}',
        ]
        await until(lambda: served.metrics.stream_ends.labels("expired")._value.get() == 1)
        assert served.view.live.readers == 1
        async with asyncio.timeout(10):
            goes_on = other.aiter_lines()
            assert (await anext(goes_on)).startswith("retry:")
            while await anext(goes_on) != ": heartbeat":
                pass


async def test_the_live_stream_opens_with_a_key(serve: Serve, keys: Keys) -> None:
    key = {"X-API-Key": keys["read"]}
    async with (
        serve(gateway_keys_file=keys.file) as served,
        served.client.stream("GET", "/v1/results/stream", headers=key) as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_browser_signs_in_once(serve: Serve, keys: Keys) -> None:
    """EventSource sends no headers, so the console's key is in a cookie that scripts cannot read."""
    async with serve(gateway_keys_file=keys.file) as served:
        assert_problem(await served.client.post("/v1/session"), 401, "unauthorized")
        answer = await served.client.post("/v1/session", headers=keys.bearer("upload,read"))
        assert answer.status_code == 204
        cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert (await call(served, Scope.READ, {})).status_code == 200
        assert (await call(served, Scope.UPLOAD, {})).status_code == 202
        assert_problem(await call(served, Scope.READ, {"Sec-Fetch-Site": "cross-site"}), 401, "unauthorized")
        assert_problem(await call(served, Scope.READ, {"Sec-Fetch-Site": "same-site"}), 401, "unauthorized")
        assert (await served.client.delete("/v1/session")).status_code == 204
        assert_problem(await call(served, Scope.READ, {}), 401, "unauthorized")


async def test_without_keys_everything_is_open(served: Served) -> None:
    for scope in Scope:
        assert (await call(served, scope, {})).status_code in (200, 202)
    assert "Set-Cookie" not in (await served.client.post("/v1/session")).headers


async def test_a_key_has_its_own_rate(serve: Serve, keys: Keys) -> None:
    async with serve(gateway_keys_file=keys.file, gateway_key_rate=0.01, gateway_burst_s=200.0) as served:
        answers = [await call(served, Scope.READ, keys.bearer("read")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["RateLimit"].startswith('"key";r=1;')
        assert answers[0].headers["RateLimit-Policy"] == '"key";q=2;w=200'
        assert_problem(answers[2], 429, "rate-limited")
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 100
        assert (await call(served, Scope.READ, keys.bearer("admin"))).status_code == 200
        assert (await served.client.get("/healthz")).status_code == 200


async def test_an_address_without_a_key_has_one_too(serve: Serve, keys: Keys) -> None:
    async with serve(gateway_keys_file=keys.file, gateway_ip_rate=0.01, gateway_burst_s=200.0) as served:
        answers = [await call(served, Scope.UPLOAD, {"X-API-Key": f"guess {n}"}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert (await call(served, Scope.UPLOAD, keys.bearer("upload"))).status_code == 202
    async with serve(gateway_ip_rate=0.01, gateway_burst_s=100.0) as served:
        assert [(await call(served, Scope.UPLOAD, {})).status_code for _ in range(2)] == [202, 429]


async def test_a_refused_sender_can_read_the_answer(serve: Serve, keys: Keys) -> None:
    async with serve(gateway_keys_file=keys.file) as served:
        answer = await served.client.post("/v1/images", content=b"\0" * 8_000_000)
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["Connection"] == "close"


async def fault(*_: object) -> None:
    """Fail as nobody expected."""
    raise RuntimeError("unexpected")


async def test_every_answer_has_the_security_headers(serve: Serve, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(gateway_keys_file=keys.file) as served:
        monkeypatch.setattr(served.view, "find", fault)
        admin = keys.bearer("admin")
        answers: list[Any] = [await served.client.get(path) for path in PUBLIC]
        answers += [await served.client.get("/v1/images"), await call(served, Scope.READ, admin)]
        answers += [await call(served, Scope.READ, keys.bearer("upload"))]
        answers += [await served.client.get(path, headers=admin) for path in ("/nope", "/v1/images/x", "/metrics")]
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 401, 403, 404, 500}
        for answer in answers:
            assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "Cache-Control" in answer.headers
            assert "Strict-Transport-Security" not in answer.headers
        assert answers[-1].headers["Content-Security-Policy"] == CONTENT_POLICY


async def test_a_cached_page_keeps_its_policy(served: Served) -> None:
    """Browsers put the headers of a 304 into the page that they have: the strict policy would blank it."""
    page = await served.client.get("/")
    again = await served.client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers.get("Content-Security-Policy") in (None, page.headers["Content-Security-Policy"])


async def test_pages_of_named_origins_may_call(serve: Serve, keys: Keys) -> None:
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,prefer"}
    async with serve(gateway_keys_file=keys.file, gateway_cors_origins="https://app.example") as served:
        ours, theirs = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
        answer = await served.client.options("/v1/images", headers={**ours, **ask})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert_problem(await served.client.options("/v1/images", headers={**theirs, **ask}), 400, "bad-request")
        refused = await served.client.get("/v1/images", headers=ours)
        assert_problem(refused, 401, "unauthorized")
        assert refused.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "Access-Control-Allow-Origin" not in (await served.client.get("/v1/images", headers=theirs)).headers


async def test_without_the_setting_no_origin_is_let_in(served: Served) -> None:
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = await served.client.options("/v1/images", headers=ask)
    assert_problem(answer, 405, "method-not-allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_description_says_which_call_needs_what(serve: Serve, keys: Keys) -> None:
    """Generated clients had no way to send a key."""
    async with serve(gateway_keys_file=keys.file) as served:
        described = (await served.client.get("/openapi.json")).json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "apiKey", "session"}
    for scope, (method, path) in CALLS.items():
        security = described["paths"][path][method.lower()]["security"]
        assert security == [{"bearer": [scope]}, {"apiKey": [scope]}, {"session": [scope]}]
    assert described["paths"]["/healthz"]["get"]["security"] == []
    assert described["paths"]["/v1/session"]["post"]["security"][0] == {"bearer": []}


async def test_an_open_gateway_asks_for_nothing(served: Served) -> None:
    described = (await served.client.get("/openapi.json")).json()
    assert "bearer" in described["components"]["securitySchemes"]
    assert not [one for path in described["paths"].values() for one in path.values() if "security" in one]
