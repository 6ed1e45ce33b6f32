"""A gateway on a real socket with a fake publisher, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import uvloop
from fastapi import FastAPI

from sightline_common.management import Readiness
from sightline_common.tracing import Tracing
from sightline_gateway.app import Doors, create_app
from sightline_gateway.metrics import Metrics
from sightline_gateway.protocol import limited_protocol
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.state import Gateway
from sightline_gateway.view.store import Store
from sightline_gateway.view.view import ResultsView
from tests.unit.gateway.fakes import PARTITIONS, TOPIC, FakeImages, FakePublisher, FakeTopic, add_model


@dataclass
class Served:
    """A served gateway and all that a test wants to reach into."""

    app: FastAPI
    port: int
    client: httpx.AsyncClient
    publisher: FakePublisher
    store: Store
    view: ResultsView
    topic: FakeTopic
    metrics: Metrics
    images: FakeImages
    checks: dict[str, Readiness]

    @property
    def gateway(self) -> Gateway:
        """What the routes share."""
        gateway: Gateway = self.app.state.gateway
        return gateway

    def outcomes(self, outcome: str) -> float:
        """How many images had this outcome."""
        return float(self.metrics.uploads.labels(outcome)._value.get())


Serve = Callable[..., Any]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The gateway's own loop: asyncio's differs where connections end."""
    return {"uvloop": uvloop.new_event_loop}


@asynccontextmanager
async def _serve(folder: Path, tracing: Tracing, **settings: Any) -> AsyncIterator[Served]:
    configured = GatewaySettings(gateway_state_dir=folder, models_dir=folder / "models", **settings)
    store, metrics = Store(folder), Metrics()
    if not store.topic:
        store.restart(TOPIC, dict.fromkeys(range(PARTITIONS), 0))
    view = ResultsView(store, metrics)
    view.start()
    publisher, checks = FakePublisher(), {"kafka": Readiness(ok=True, reason="fake")}
    images = FakeImages(publisher)
    app = create_app(configured, Doors(publisher, images), view, metrics, lambda: checks, tracing)
    config = uvicorn.Config(
        app, http=limited_protocol(), port=0, lifespan="off", log_config=None, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            topic = FakeTopic(view, store.next_offsets(), publisher.origins)
            yield Served(app, port, client, publisher, store, view, topic, metrics, images, checks)
    finally:
        publisher.gate.set()
        view.release()
        server.should_exit = True
        await serving
        await app.state.gateway.pictures.close()
        await view.close()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serves a gateway with the given settings; `folder` keeps the view from one to the next."""

    def started(folder: Path = tmp_path / "state", tracing: Tracing | None = None, **settings: Any) -> Any:
        return _serve(folder, tracing or Tracing(), **settings)

    return started


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    """A gateway with default settings."""
    async with serve() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on the topic `aaaaaaaa` with two partitions."""
    opened = Store(tmp_path)
    opened.restart("aaaaaaaa", {0: 0, 1: 0})
    yield opened
    opened.close()


@pytest.fixture
async def models(served: Served) -> Served:
    """A gateway with two versions of one model and one of another."""
    for name, version in (("digits-lenet", "1"), ("digits-lenet", "2"), ("other", "1")):
        add_model(served.gateway.settings.models_dir, name, version)
    return served


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], deadline_s: float = 30) -> Any:
    """What `condition` returns once it is true; fails at the deadline."""
    async with asyncio.timeout(deadline_s):
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)
