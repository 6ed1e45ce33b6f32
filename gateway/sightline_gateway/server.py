"""Runs the gateway: builds its objects, serves, and stops in the order that loses nothing."""

import asyncio
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from sightline_common.instruments import watch_readiness
from sightline_common.lifecycle import settle_heap, stop_event_on_signals
from sightline_common.management import Readiness
from sightline_common.publisher import Publisher
from sightline_common.tracing import tracing_of
from sightline_gateway.app import Doors, create_app
from sightline_gateway.guard.connections import Connections
from sightline_gateway.metrics import Metrics
from sightline_gateway.pictures.source import KafkaImages
from sightline_gateway.protocol import limited_protocol
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.state import Gateway
from sightline_gateway.view.feed import ResultsFeed
from sightline_gateway.view.folder import FolderInUse, claim
from sightline_gateway.view.store import Store
from sightline_gateway.view.view import ResultsView
from sightline_gateway.webhooks.sender import webhooks_of

log = logging.getLogger(__name__)

FLUSH_S: Final = 10.0  # for what Kafka has yet to acknowledge at a stop; then those uploads get 503
_ANSWERS_S: Final = 5.0  # for writing the last answers
_BACKLOG: Final = 2_048  # connections that the kernel holds while we are busy


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end the process by the signal again instead of with status 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the caller."""
        yield


async def run(settings: GatewaySettings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    stop = stop_event_on_signals()
    try:
        folder = claim(settings.gateway_state_dir)
        store = Store(settings.gateway_state_dir)
        listener = listen(settings.gateway_host, settings.gateway_port)
    except (FolderInUse, OSError, sqlite3.Error) as error:
        log.error("cannot start: %s", error)  # noqa: TRY400 - the message says it all
        return 1
    with folder, listener:
        return await _Run(settings, store, listener).until(stop)


class _Run:
    """One life of the gateway."""

    def __init__(self, settings: GatewaySettings, store: Store, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._broken = False
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        metrics = Metrics()
        self._connections = Connections(
            settings.gateway_max_connections, settings.gateway_max_connections_per_ip, settings.gateway_trusted_proxies
        )
        metrics.connections.set_function(lambda: len(self._connections))
        self._publisher = Publisher(settings, client_id="gateway")
        self._view = ResultsView(store, metrics)
        self._webhooks = webhooks_of(settings, store, metrics)
        self._feed = ResultsFeed(settings, store, self._view, metrics, self._on_failure)
        self._tracing = tracing_of(os.environ, "gateway")
        kafka = Doors(self._publisher, KafkaImages(settings))
        app = create_app(settings, kafka, self._view, metrics, self._readiness, self._tracing)
        self._gateway: Gateway = app.state.gateway
        watch_readiness(metrics.ready, self._readiness)
        self._server = _Server(self._configuration(app))

    async def until(self, stop: asyncio.Event) -> int:
        """Serve until `stop` is set or something fails; returns the exit status."""
        self._stop = stop
        self._view.start()
        if self._webhooks is not None:
            self._view.on_results = self._webhooks.wake
            self._webhooks.start(self._on_failure)
        self._feed.start()
        await self._publisher.start()
        self._publisher.failed.add_done_callback(self._on_publisher_failure)
        settle_heap()
        serving = asyncio.create_task(self._server.serve([self._listener]))
        stopping = asyncio.create_task(stop.wait())
        host, port = self._listener.getsockname()[:2]
        log.info("listening on http://%s:%d", host, port)
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await self._shut_down(serving)
        return 1 if self._broken else 0

    async def _shut_down(self, serving: "asyncio.Task[None]") -> None:
        """Waits end, bodies get a last deadline, Kafka acknowledges or fails the rest, answers go out."""
        log.info("stopping")
        self._view.release()
        self._server.should_exit = True
        closing = asyncio.create_task(self._gateway.pictures.close())
        try:
            await self._gateway.bodies.stop(self._settings.gateway_drain_s)
        finally:
            await self._publisher.stop(FLUSH_S)
            await serving
            await asyncio.to_thread(self._feed.stop)
            if self._webhooks is not None:
                await self._webhooks.stop()
            await closing
            await self._view.close()
            await asyncio.to_thread(self._tracing.stop)
        log.info("stopped")

    def _configuration(self, app: FastAPI) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            http=limited_protocol(self._connections, self._settings.gateway_head_timeout_s),
            proxy_headers=bool(self._settings.gateway_trusted_proxies),
            forwarded_allow_ips=list(self._settings.gateway_trusted_proxies),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(self._settings.gateway_drain_s + FLUSH_S + _ANSWERS_S),
        )

    def _readiness(self) -> dict[str, Readiness]:
        stopping = Readiness(
            ok=not self._gateway.bodies.stopping, reason="stopping" if self._stop.is_set() else "serving"
        )
        return {"gateway": stopping, "kafka producer": self._publisher.readiness(), **self._feed.readiness()}

    def _on_publisher_failure(self, failed: "asyncio.Future[object]") -> None:
        if not failed.cancelled() and failed.exception() is not None:
            self._on_failure()

    def _on_failure(self) -> None:
        self._broken = True
        self._loop.call_soon_threadsafe(self._stop.set)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket.

    Raises:
        OSError: the port is taken or the address is not this host's; the message names the settings.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only for sockets that say TCP, which `socket.create_server` does not do:
    # each answer then waits 40 ms for the client's delayed acknowledgement of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        return listener
    except OSError as error:
        listener.close()
        raise OSError(f"SIGHTLINE_GATEWAY_HOST {host}, SIGHTLINE_GATEWAY_PORT {port}: {error}") from error
