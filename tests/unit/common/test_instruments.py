"""Metrics that every process has."""

from prometheus_client import CollectorRegistry

from sightline_common.instruments import describe_process, readiness_gauge, watch_readiness
from sightline_common.management import Readiness


def test_a_process_tells_its_version_and_when_it_started() -> None:
    for service in ("gateway", "bridge", "classifier"):
        registry = CollectorRegistry()
        describe_process(service, registry)

        assert registry.get_sample_value("sightline_build_info", {"service": service, "version": "0.1.0"}) == 1
        assert (registry.get_sample_value("process_start_time_seconds") or 0) > 1e9


def test_readiness_is_asked_at_each_scrape() -> None:
    registry = CollectorRegistry()
    checks = {"kafka": Readiness(ok=True, reason="4 partitions"), "topics": Readiness(ok=False, reason="missing")}
    gauge = readiness_gauge("bridge", checks, registry)

    def ready(check: str) -> float | None:
        return registry.get_sample_value("sightline_bridge_ready", {"check": check})

    assert (ready("kafka"), ready("topics")) == (0, 0), "nothing was asked yet"
    watch_readiness(gauge, lambda: checks)
    assert (ready("kafka"), ready("topics")) == (1, 0)
    checks["kafka"] = Readiness(ok=False, reason="gone")
    assert (ready("kafka"), ready("topics")) == (0, 0)
