"""Webhooks of a whole gateway process: from the upload to the receiver, and over the gateway's death."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from kafka import KafkaProducer

from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from tests.kafka.test_gateway import Classifier
from tests.unit.gateway.process import GatewayProcess, image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka

KEY: Final = bytes(range(32))
PNG: Final = image_bytes()


class Receiver:
    """Takes webhooks on a port that it keeps when it is down for a while."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen."""
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that is not listening yet."""
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def classifier(broker: EmbeddedKafka) -> Iterator[Classifier]:
    """Writes results as the classifier would."""
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
        yield Classifier(broker, producer)


def settings(receiver: Receiver) -> dict[str, Any]:
    """Webhooks to the receiver, signed."""
    secret = f"whsec_{base64.b64encode(KEY).decode()}"
    return {
        "gateway_callback_origins": receiver.url,
        "gateway_callback_secret": secret,
        "gateway_callback_private": True,
    }


def upload(gateway: GatewayProcess, receiver: Receiver) -> str:
    """Send an image whose result is to be sent on; returns its id."""
    answer = gateway.client.post("/v1/images", content=PNG, headers={"X-Callback-Url": f"{receiver.url}/hook?camera=7"})
    assert answer.status_code == 202
    return str(answer.json()["id"])


def test_a_result_is_sent_signed(
    broker: EmbeddedKafka, classifier: Classifier, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.start()
    with running_gateway(broker.bootstrap_servers, tmp_path, **settings(receiver)) as gateway:
        gateway.wait_ready()
        image_id = upload(gateway, receiver)
        classifier.answer(image_id)
        wait_until(lambda: receiver.received)
        ((headers, body),) = receiver.received
        assert json.loads(body) == gateway.client.get(f"/v1/images/{image_id}").json()
        signed = f"{image_id}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        assert (headers["webhook-id"], headers["webhook-signature"]) == (image_id, f"v1,{expected}")
        wait_until(lambda: gateway.metric('sightline_gateway_callbacks_total{outcome="delivered"}') == 1)
        assert gateway.terminate() == 0


def test_a_webhook_outlives_its_receiver_and_a_gateway_that_is_killed(
    broker: EmbeddedKafka, classifier: Classifier, receiver: Receiver, tmp_path: Path
) -> None:
    with running_gateway(broker.bootstrap_servers, tmp_path, **settings(receiver)) as gateway:
        gateway.wait_ready()
        answered, waiting = upload(gateway, receiver), upload(gateway, receiver)
        classifier.answer(answered)
        wait_until(lambda: gateway.metric('sightline_gateway_callbacks_total{outcome="retried"}') >= 1)
        gateway.process.kill()
    classifier.answer(waiting)  # while no gateway runs
    receiver.start()
    with running_gateway(broker.bootstrap_servers, tmp_path, **settings(receiver)) as gateway:
        wait_until(lambda: {headers["webhook-id"] for headers, _ in receiver.received} == {answered, waiting}, 60)
        assert gateway.terminate() == 0
