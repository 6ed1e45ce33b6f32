"""Webhooks: signed so that others can verify them, sent until taken, and only where they may go."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view import callbacks
from sightline_gateway.view.store import Pending, Store
from sightline_gateway.webhooks import sender
from sightline_gateway.webhooks.sender import webhooks_of
from sightline_gateway.webhooks.signature import parse_key, signed_headers
from sightline_gateway.webhooks.targets import Origin, is_allowed, parse_origins, parse_target
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_expiry import now_ms
from tests.unit.gateway.test_store import fill

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's example
PNG = image_bytes("PNG")


@dataclass
class Receiver:
    """What a receiver of webhooks was sent; it answers with `statuses` in turn, then with 204."""

    port: int = 0
    statuses: list[str] = field(default_factory=list)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        self.received.append((first, headers, await reader.readexactly(int(headers["content-length"]))))
        status = self.statuses.pop(0) if self.statuses else "204 No Content"
        if status == "silence":
            await reader.read()  # until the other side gives up
        if status not in ("hang up", "silence"):
            writer.write(f"HTTP/1.1 {status}\r\nLocation: {self.url}/elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    made = Receiver()
    async with await asyncio.start_server(made.answer, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@asynccontextmanager
async def sending(served: Served) -> AsyncIterator[None]:
    """Webhooks of a served gateway, sent as the process would."""
    failures: list[None] = []
    webhooks = webhooks_of(served.gateway.settings, served.store, served.metrics)
    assert webhooks is not None
    served.view.on_results = webhooks.wake
    webhooks.start(lambda: failures.append(None))
    try:
        yield
    finally:
        await webhooks.stop()
    assert failures == []


def on(receiver: Receiver, **changes: Any) -> dict[str, Any]:
    """Settings that let webhooks go to `receiver`."""
    return {
        "gateway_callback_origins": receiver.url,
        "gateway_callback_secret": SECRET,
        "gateway_callback_private": True,
        **changes,
    }


async def upload(served: Served, url: str) -> httpx.Response:
    """Upload an image that asks for a webhook."""
    return await served.client.post("/v1/images", content=PNG, headers={"X-Callback-Url": url})


def outcomes(served: Served) -> dict[str, float]:
    """How tries ended."""
    names = ("delivered", "retried", "abandoned")
    return {name: served.metrics.callbacks.labels(name)._value.get() for name in names}


def test_the_signature_is_that_of_the_specification() -> None:
    headers = signed_headers(parse_key(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_the_first_result_is_sent_signed(serve: Serve, receiver: Receiver) -> None:
    async with serve(**on(receiver)) as served, sending(served):
        answer = await upload(served, f"{receiver.url}/done?order=7")
        assert answer.status_code == 202
        assert receiver.received == []
        result = make_result(served.publisher.records[0])
        served.topic.append([result])
        served.topic.append([result])
        await until(lambda: outcomes(served)["delivered"])
        (first, headers, body) = receiver.received[0]
        assert first == "POST /done?order=7 HTTP/1.1"
        assert json.loads(body)["id"] == headers["webhook-id"] == answer.json()["id"]
        signed = signed_headers(parse_key(SECRET), headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert headers["webhook-signature"] == signed["webhook-signature"]
        assert headers["host"] == f"127.0.0.1:{receiver.port}"
        await until(lambda: served.store.count_callbacks() == 0)
    assert len(receiver.received) == 1


async def test_a_webhook_is_sent_until_it_is_taken_and_redirects_are_not_followed(
    serve: Serve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "_PAUSES_S", (0,) * 6)
    monkeypatch.setattr(sender, "LOOK_S", 0.02)
    receiver.statuses = ["500 No", "302 Found", "hang up"]
    async with serve(**on(receiver)) as served, sending(served):
        await upload(served, receiver.url)
        served.topic.append([make_result(served.publisher.records[0])])
        await until(lambda: outcomes(served)["delivered"])
        assert outcomes(served) == {"delivered": 1, "retried": 3, "abandoned": 0}
    assert [first for first, *_ in receiver.received] == ["POST / HTTP/1.1"] * 4
    assert len({headers["webhook-id"] for _, headers, _ in receiver.received}) == 1


async def test_a_webhook_that_nobody_takes_is_given_up(
    serve: Serve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "_PAUSES_S", (0,) * 6)
    monkeypatch.setattr(sender, "LOOK_S", 0.02)
    receiver.statuses = ["500 No"] * 20
    async with serve(**on(receiver)) as served, sending(served):
        await upload(served, receiver.url)
        served.topic.append([make_result(served.publisher.records[0])])
        await until(lambda: outcomes(served)["abandoned"])
        await until(lambda: served.store.count_callbacks() == 0)
    assert len(receiver.received) == callbacks.TRIES


def test_a_try_under_way_is_not_begun_again(store: Store) -> None:
    """A receiver may take longer to answer than the first pause: it got the webhook twice at a time."""
    (image_id,) = fill(store, 1)
    store.add_pending([Pending(image_id, None, now_ms(), "http://consumer/")])
    (claimed,) = store.claim_callbacks(10)
    assert (claimed.id, claimed.tries) == (image_id, 1)
    assert store.claim_callbacks(10) == []
    store.put_off_callback(claimed)
    assert store.claim_callbacks(10) == []
    store._writer.execute("UPDATE callbacks SET due_at = due_at - 5000")
    assert [again.tries for again in store.claim_callbacks(10)] == [2]


async def test_a_webhook_survives_a_restart(serve: Serve, receiver: Receiver) -> None:
    async with serve(**on(receiver)) as served:
        await upload(served, receiver.url)
        served.topic.append([make_result(served.publisher.records[0])])
    assert receiver.received == []
    async with serve(**on(receiver)) as served, sending(served):
        await until(lambda: receiver.received)


async def test_a_result_that_came_before_the_note_of_its_webhook_is_sent(serve: Serve, receiver: Receiver) -> None:
    """The classifier can be faster than our own note of the image."""
    async with serve(**on(receiver)) as served, sending(served):
        await served.client.post("/v1/images", content=PNG)
        record = served.publisher.records[0]
        served.topic.append([make_result(record)])
        await served.view.remember(Pending(record.id, None, record.accepted_at, receiver.url))
        await until(lambda: receiver.received)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for `localhost` that this process trusts."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@pytest.mark.parametrize(("host", "taken"), [("localhost", True), ("127.0.0.1", False)])
async def test_a_receiver_proves_its_name(serve: Serve, certificate: ssl.SSLContext, host: str, taken: bool) -> None:
    receiver = Receiver()
    async with await asyncio.start_server(receiver.answer, "127.0.0.1", 0, ssl=certificate) as server:
        url = f"https://{host}:{server.sockets[0].getsockname()[1]}"
        async with serve(**on(receiver, gateway_callback_origins=url)) as served, sending(served):
            assert (await upload(served, url)).status_code == 202
            served.topic.append([make_result(served.publisher.records[0])])
            await until(lambda: outcomes(served)["delivered" if taken else "retried"])
    assert len(receiver.received) == taken


async def test_a_receiver_that_does_not_answer_is_left(
    serve: Serve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_S", 0.2)
    receiver.statuses = ["silence"]
    async with serve(**on(receiver)) as served, sending(served):
        await upload(served, receiver.url)
        served.topic.append([make_result(served.publisher.records[0])])
        await until(lambda: outcomes(served)["retried"])
    assert len(receiver.received) == 1


async def test_this_machine_is_out_of_reach_unless_the_operator_says_so(serve: Serve, receiver: Receiver) -> None:
    """A name that the operator listed may resolve to anything, also later."""
    settings = on(receiver, gateway_callback_private=False)
    async with serve(**settings) as served, sending(served):
        assert (await upload(served, receiver.url)).status_code == 202
        served.topic.append([make_result(served.publisher.records[0])])
        await until(lambda: outcomes(served)["retried"])
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://hooks.example.com.evil.example/",
        "https://hooks.example.com@evil.example/",
        "https://hooks.example.com:444/",
        "http://hooks.example.com/",
        "https://evil.example/#https://hooks.example.com/",
        "https://evil.example\\@hooks.example.com/",
        "ftp://hooks.example.com/",
        "//hooks.example.com/",
        "https://[::1",
        "https://hooks.example.com:99999/",
        "nonsense",
        "https://hooks.example.com/" + "x" * 3000,
    ],
)
async def test_an_upload_that_names_another_origin_is_refused(serve: Serve, url: str) -> None:
    settings = {"gateway_callback_origins": "https://hooks.example.com", "gateway_callback_secret": SECRET}
    async with serve(**settings) as served:
        for sent in ({"content": PNG}, {"files": {"a": ("a.png", PNG)}}):
            answer = await served.client.post("/v1/images", headers={"X-Callback-Url": url}, **sent)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "x-callback-url")
        assert served.publisher.records == []


async def test_webhooks_are_off_unless_origins_are_listed(served: Served) -> None:
    assert (await upload(served, "https://hooks.example.com/")).status_code == 400
    assert webhooks_of(served.gateway.settings, served.store, served.metrics) is None


async def test_webhooks_that_wait_are_bounded(serve: Serve, receiver: Receiver) -> None:
    async with serve(**on(receiver, gateway_callbacks=1)) as served:
        assert (await upload(served, receiver.url)).status_code == 202
        answer = await upload(served, receiver.url)
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert (await served.client.post("/v1/images", content=PNG)).status_code == 202


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("10.1.2.3", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("::ffff:93.184.216.34", True, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::", False, False),
    ],
)
def test_addresses_that_webhooks_may_go_to(address: str, public: bool, private: bool) -> None:
    assert is_allowed(ip_address(address), private=False) is public
    assert is_allowed(ip_address(address), private=True) is private


def test_origins_are_compared_by_scheme_host_and_port() -> None:
    listed = parse_origins("https://Hooks.example.com, http://consumer:8080/,")
    assert listed == {Origin("https", "hooks.example.com", 443), Origin("http", "consumer", 8080)}
    assert parse_target("HTTPS://HOOKS.example.com:443/a?b").origin in listed
    assert parse_target("https://hooks.example.com/a?b").path == "/a?b"


@pytest.mark.parametrize(
    "settings",
    [
        {"gateway_callback_origins": "https://hooks.example.com"},
        {"gateway_callback_secret": SECRET},
        {"gateway_callback_origins": "hooks.example.com", "gateway_callback_secret": SECRET},
        {"gateway_callback_origins": "https://hooks.example.com/x", "gateway_callback_secret": SECRET},
        {"gateway_callback_origins": "https://hooks.example.com", "gateway_callback_secret": "whsec_c2hvcnQ="},
        {"gateway_callback_origins": "https://hooks.example.com", "gateway_callback_secret_file": Path("/nowhere")},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"SIGHTLINE_GATEWAY_CALLBACK|gateway_callback") as refused:
        GatewaySettings(**settings)
    assert "c2hvcnQ" not in str(refused.value)
