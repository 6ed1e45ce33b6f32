"""Wiring: builds the bridge's objects, runs them until told to stop, and takes them down in order."""

import asyncio
import logging
import os
from typing import Final

from prometheus_client import CollectorRegistry

from sightline_bridge.connection import Source
from sightline_bridge.errors import StartError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.metrics import BridgeMetrics
from sightline_bridge.server import BridgeServer
from sightline_bridge.settings import BridgeSettings
from sightline_common.budget import ByteBudget
from sightline_common.instruments import watch_readiness
from sightline_common.lifecycle import stop_event_on_signals
from sightline_common.management import ManagementServer, ReadinessCheck
from sightline_common.publisher import Publisher
from sightline_common.settings import PREFIX
from sightline_common.tracing import Tracing, tracing_of

# Left of the shutdown time for the publisher when connections used all of theirs.
_CLOSE_S: Final = 1.0

log = logging.getLogger(__name__)


async def run(settings: BridgeSettings) -> None:
    """Run the bridge until SIGTERM or SIGINT, then flush and return.

    Raises:
        StartError: a port cannot be listened on.
    """
    stop = stop_event_on_signals()
    registry = CollectorRegistry()
    publisher = Publisher(settings, client_id="sightline-bridge")
    metrics, readiness = BridgeMetrics(registry), _readiness(publisher)
    watch_readiness(metrics.ready, readiness)
    management = _management(settings, registry, readiness)
    tracing = tracing_of(os.environ, "bridge")
    server = _server(settings, publisher, metrics, tracing)
    try:
        await _listen(server, settings)
    except StartError:
        management.stop()
        raise
    await publisher.start()
    management.start()
    try:
        log.info("management port on %s:%d", settings.bridge_management_host, management.port)
        log.info("listening on %s:%d, framing %s", settings.bridge_host, server.port, settings.bridge_framing)
        await _until_stopped(stop, server.failed, publisher.failed)
    finally:
        await _stop(server, publisher, settings.bridge_shutdown_timeout_s)
        management.stop()
        await asyncio.to_thread(tracing.stop)


def _server(settings: BridgeSettings, publisher: Publisher, metrics: BridgeMetrics, tracing: Tracing) -> BridgeServer:
    budget = ByteBudget(settings.bridge_buffer_bytes)
    metrics.held_limit.set(settings.bridge_buffer_bytes)
    metrics.connection_limit.set(settings.bridge_max_connections)
    metrics.held_bytes.set_function(lambda: budget.used)
    most = settings.bridge_max_connections
    return BridgeServer(_source(settings), publisher, budget, metrics, max_connections=most, tracing=tracing)


def _source(settings: BridgeSettings) -> Source:
    return Source(
        framing=FRAMINGS[settings.bridge_framing],
        max_frame_bytes=settings.max_image_bytes,
        idle_timeout_s=settings.bridge_idle_timeout_s,
        frame_timeout_s=settings.bridge_frame_timeout_s,
        stream=settings.bridge_stream,
        model=settings.bridge_model,
    )


def _readiness(publisher: Publisher) -> ReadinessCheck:
    return lambda: {"kafka": publisher.readiness()}


def _management(settings: BridgeSettings, registry: CollectorRegistry, readiness: ReadinessCheck) -> ManagementServer:
    address = (settings.bridge_management_host, settings.bridge_management_port)
    try:
        return ManagementServer(address, registry, readiness)
    except OSError as error:
        raise _cannot_listen("BRIDGE_MANAGEMENT", address, error) from error


async def _listen(server: BridgeServer, settings: BridgeSettings) -> None:
    try:
        await server.start(settings.bridge_host, settings.bridge_port)
    except OSError as error:
        raise _cannot_listen("BRIDGE", (settings.bridge_host, settings.bridge_port), error) from error


def _cannot_listen(setting: str, address: tuple[str, int], error: OSError) -> StartError:
    host, port = address
    reason = error.strerror or str(error)
    return StartError(f"cannot listen on {host}:{port} ({PREFIX}{setting}_HOST, {PREFIX}{setting}_PORT): {reason}")


async def _until_stopped(stop: asyncio.Event, *failures: "asyncio.Future[object]") -> None:
    """Return when `stop` is set; raises the first of `failures`."""
    stopped: asyncio.Future[object] = asyncio.ensure_future(stop.wait())
    await asyncio.wait([stopped, *failures], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for failure in failures:
        if failure.done():
            failure.result()


async def _stop(server: BridgeServer, publisher: Publisher, timeout_s: float) -> None:
    """Stop reading, flush, close: in this order and under one deadline."""
    log.info("stopping: frames under way get %.0f s", timeout_s)
    deadline = asyncio.get_running_loop().time() + timeout_s
    await server.stop(max(timeout_s - _CLOSE_S, 0))
    await publisher.stop(max(deadline - asyncio.get_running_loop().time(), _CLOSE_S))
