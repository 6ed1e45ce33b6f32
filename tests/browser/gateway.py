"""The real gateway over real HTTP, with an in-memory stand-in for Kafka and the classifier, in a thread of its own."""

import asyncio
import json
import threading
import time
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image

from sightline_gateway.app import Doors, create_app
from sightline_gateway.metrics import Metrics
from sightline_gateway.protocol import limited_protocol
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.store import Store
from sightline_gateway.view.view import ResultsView
from sightline_local.ports import free_port
from tests.unit.gateway.fake_app import ClassifyingPublisher
from tests.unit.gateway.fakes import PARTITIONS, TOPIC, FakeImages

DEADLINE_S = 30.0
UPLOADS = "**/v1/images?model=*"  # what the page posts: its listing (`?limit=…`) has the same path


def png(colour: str = "teal", size: tuple[int, int] = (64, 48)) -> bytes:
    """A plain PNG of one colour."""
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def write_bundle(models: Path, name: str, labels: int, side: int) -> None:
    """A model bundle as far as the gateway reads it."""
    folder = models / name / "1"
    folder.mkdir(parents=True)
    bundle = {
        "schema": "sightline.model/1",
        "name": name,
        "version": "1",
        "input": {"channels": 1 if side == 28 else 3, "height": side, "width": side},
        "labels": [str(label) for label in range(labels)],
        "licence": "CC-BY-4.0",
        "origin": "made for a test",
        "metrics": {"top1": 0.98},
    }
    (folder / "model.json").write_text(json.dumps(bundle))


class RunningGateway:
    """One life of the gateway: from `start` until `stop`. The topic and the view's folder outlive it."""

    def __init__(self, port: int, settings: GatewaySettings, offsets: dict[int, int]) -> None:
        self._settings = settings
        self._offsets = offsets
        self._port = port
        self._server: uvicorn.Server | None = None
        self._view: ResultsView | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="gateway")

    def start(self) -> None:
        """Return once it listens."""
        self._thread.start()
        deadline = time.monotonic() + DEADLINE_S
        while self._server is None or not self._server.started:
            assert self._thread.is_alive(), "the gateway ended while starting"
            assert time.monotonic() < deadline, "the gateway did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it as a signal would, and wait."""
        assert self._server is not None
        assert self._view is not None
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._view.release)  # open streams end first, as in the real process
        self._server.should_exit = True
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the gateway did not stop"

    async def _serve(self) -> None:
        store, metrics = Store(self._settings.gateway_state_dir), Metrics()
        if store.topic != TOPIC:
            store.restart(TOPIC, dict(self._offsets))
        self._loop, self._view = asyncio.get_running_loop(), ResultsView(store, metrics)
        self._view.start()
        publisher = ClassifyingPublisher(self._view, self._offsets)
        kafka = Doors(publisher, FakeImages(publisher))
        app = create_app(self._settings, kafka, self._view, metrics, lambda: {"fake": publisher.readiness()})
        config = uvicorn.Config(
            app, port=self._port, http=limited_protocol(), log_config=None, timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        await self._server.serve()
        await app.state.gateway.pictures.close()
        await self._view.close()


class GatewayUnderTest:
    """A gateway at one address that can be stopped and started again."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        models = folder / "models"
        write_bundle(models, "digits-lenet", labels=10, side=28)
        write_bundle(models, "efficientnet-lite0", labels=1000, side=224)
        self._settings = GatewaySettings(gateway_state_dir=folder / "state", models_dir=models, **settings)
        self._offsets = dict.fromkeys(range(PARTITIONS), 0)
        self._port = free_port()
        self._running: RunningGateway | None = None
        self.url = f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Return once it listens."""
        self._running = RunningGateway(self._port, self._settings, self._offsets)
        self._running.start()

    def stop(self) -> None:
        """Stop it if it runs."""
        if self._running is not None:
            self._running.stop()
        self._running = None

    def post(self, body: bytes, name: str, query: str = "", key: str | None = None) -> dict[str, Any]:
        """Upload from outside the browser; the gateway's answer."""
        headers = {"Content-Type": "application/octet-stream", "X-Image-Name": name}
        if key is not None:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(f"{self.url}v1/images{query}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def wait_for_result(self, image_id: str) -> None:
        """Return once the image is no longer pending."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            with urllib.request.urlopen(f"{self.url}v1/images/{image_id}", timeout=10) as response:
                if response.status == 200:
                    return
            assert time.monotonic() < deadline, f"{image_id} is still pending"
            time.sleep(0.05)
