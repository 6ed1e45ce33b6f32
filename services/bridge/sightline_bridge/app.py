"""Wiring: builds the bridge's objects, runs them until told to stop, and takes them down in order."""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from sightline_bridge.config import AnySource, BridgeConfig
from sightline_bridge.config_file import place_of
from sightline_bridge.errors import SourceError, StartError
from sightline_bridge.framing.config import topic_of
from sightline_bridge.metrics import BridgeMetrics
from sightline_bridge.pipeline import Outlet
from sightline_bridge.settings import BridgeSettings
from sightline_bridge.sources.build import build_source
from sightline_bridge.sources.source import Source
from sightline_common.budget import ByteBudget
from sightline_common.instruments import watch_readiness
from sightline_common.lifecycle import settle_heap, stop_event_on_signals
from sightline_common.management import ManagementServer, ReadinessCheck
from sightline_common.publisher import Publisher
from sightline_common.settings import PREFIX
from sightline_common.tracing import Tracing, tracing_of
from sightline_contracts.topics import IMAGES

# Left of the shutdown time for the publisher when the sources used all of theirs.
_CLOSE_S: Final = 1.0

log = logging.getLogger(__name__)


async def run(settings: BridgeSettings, config: BridgeConfig) -> None:
    """Run the bridge until SIGTERM or SIGINT, or until every source has ended; then flush and return.

    Raises:
        StartError: a port cannot be listened on, a path cannot be used.
        SourceError: all sources ended, and not all that they brought was taken.
    """
    stop = stop_event_on_signals()
    registry = CollectorRegistry()
    publishers = _publishers(settings, config)
    metrics = BridgeMetrics(registry, [source.name for source in config.sources])
    tracing = tracing_of(os.environ, "bridge")
    sources = _sources(settings, config, publishers, metrics, tracing)
    readiness = _readiness(publishers, sources)
    watch_readiness(metrics.ready, readiness)
    management = _management(settings, registry, readiness)
    try:
        await _start(sources, settings)
    except StartError:
        management.stop()
        raise
    for publisher in publishers.values():
        await publisher.start()
    management.start()
    settle_heap()
    try:
        log.info("management port on %s:%d", settings.bridge_management_host, management.port)
        await _until_over(stop, sources, *(publisher.failed for publisher in publishers.values()))
    finally:
        await _stop(sources, publishers.values(), settings.bridge_shutdown_timeout_s)
        management.stop()
        await asyncio.to_thread(tracing.stop)
    if not stop.is_set():
        _require_all_taken(sources)


def _publishers(settings: BridgeSettings, config: BridgeConfig) -> dict[str, Publisher]:
    """A publisher for each topic that is written to: the images' and those of lines."""
    topics = {IMAGES, *filter(None, (topic_of(source.framing) for source in config.sources))}
    return {topic: Publisher(settings, client_id="sightline-bridge", topic=topic) for topic in sorted(topics)}


def _sources(
    settings: BridgeSettings,
    config: BridgeConfig,
    publishers: Mapping[str, Publisher],
    metrics: BridgeMetrics,
    tracing: Tracing,
) -> list[Source]:
    """The sources, not started; they share one budget, and one publisher for each topic."""
    budget = ByteBudget(settings.bridge_buffer_bytes)
    metrics.held_limit.set(settings.bridge_buffer_bytes)
    metrics.held_bytes.set_function(lambda: budget.used)
    return [
        build_source(
            source, settings, Outlet(_publisher_of(source, publishers), budget, metrics.of(source.name), tracing)
        )
        for source in config.sources
    ]


def _publisher_of(source: AnySource, publishers: Mapping[str, Publisher]) -> Publisher:
    return publishers[topic_of(source.framing) or IMAGES]


def _readiness(publishers: Mapping[str, Publisher], sources: Sequence[Source]) -> ReadinessCheck:
    checks = {"kafka" if topic == IMAGES else f"topic:{topic}": publisher for topic, publisher in publishers.items()}
    return lambda: {
        **{check: publisher.readiness() for check, publisher in checks.items()},
        **{f"source:{source.name}": source.readiness() for source in sources},
    }


def _management(settings: BridgeSettings, registry: CollectorRegistry, readiness: ReadinessCheck) -> ManagementServer:
    host, port = settings.bridge_management_host, settings.bridge_management_port
    try:
        return ManagementServer((host, port), registry, readiness)
    except OSError as error:
        variables = f"{PREFIX}BRIDGE_MANAGEMENT_HOST, {PREFIX}BRIDGE_MANAGEMENT_PORT"
        raise StartError(f"cannot listen on {host}:{port} ({variables}): {error.strerror or error}") from error


async def _start(sources: Sequence[Source], settings: BridgeSettings) -> None:
    """Start all; when one cannot start, none is left running."""
    for count, source in enumerate(sources):
        try:
            await source.start()
        except StartError as error:
            await asyncio.gather(*(started.stop(0) for started in sources[:count]))
            raise StartError(f"{error} ({place_of(source.name, settings)})") from error


async def _until_over(stop: asyncio.Event, sources: Sequence[Source], *failures: "asyncio.Future[object]") -> None:
    """Return when `stop` is set or all `sources` have ended; raises the first failure."""
    failures = (*failures, *(source.failed for source in sources))
    told: asyncio.Future[object] = asyncio.ensure_future(stop.wait())
    ended: asyncio.Future[object] = asyncio.ensure_future(asyncio.wait([source.ended for source in sources]))
    try:
        await asyncio.wait([told, ended, *failures], return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        ended.cancel()
    for failure in failures:
        if failure.done():
            failure.result()


def _require_all_taken(sources: Sequence[Source]) -> None:
    lacking = [source.name for source in sources if not source.ended.result()]
    if lacking:
        raise SourceError(f"not all that source {', '.join(lacking)} brought was taken; the log says why")


async def _stop(sources: Sequence[Source], publishers: Iterable[Publisher], timeout_s: float) -> None:
    """Stop reading, flush, close: in this order and under one deadline."""
    log.info("stopping: frames under way get %.0f s", timeout_s)
    deadline = asyncio.get_running_loop().time() + timeout_s
    await asyncio.gather(*(source.stop(max(timeout_s - _CLOSE_S, 0)) for source in sources))
    left = max(deadline - asyncio.get_running_loop().time(), _CLOSE_S)
    await asyncio.gather(*(publisher.stop(left) for publisher in publishers))
