"""Metrics that every process has: what it is, and what its /readyz says."""

from collections.abc import Iterable
from functools import partial
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Info, PlatformCollector, ProcessCollector

from sightline_common.management import ReadinessCheck

# Buckets of every duration, in seconds: half a decade a step around what people notice.
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


def describe_process(service: str, registry: CollectorRegistry) -> None:
    """Add the build of `service` (gateway, bridge, ...), the Python runtime, memory, processor time and start time."""
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    package = {"classifier": "sightline-spark"}.get(service, f"sightline-{service}")
    build = Info("sightline_build", "Always 1; the labels say which service it is and its version", registry=registry)
    build.info({"service": service, "version": version(package)})


def readiness_gauge(service: str, checks: Iterable[str], registry: CollectorRegistry) -> Gauge:
    """A gauge with a series for each of `checks`, 0 until `watch_readiness` binds it."""
    gauge = Gauge(
        f"sightline_{service}_ready", "1 while this check of /readyz is passed, else 0", ["check"], registry=registry
    )
    for check in checks:
        gauge.labels(check)
    return gauge


def watch_readiness(gauge: Gauge, readiness: ReadinessCheck) -> None:
    """Let each scrape of `gauge` ask `readiness`, which must be quick and have the same checks at any time."""
    for check in readiness():
        gauge.labels(check).set_function(partial(_passed, readiness, check))


def _passed(readiness: ReadinessCheck, check: str) -> float:
    return float(readiness()[check].ok)
