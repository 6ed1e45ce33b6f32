"""Reports of the engine's JVMs as metrics."""

from prometheus_client import CollectorRegistry

from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.reports import ModelReports

REPORT = {
    "model_loads": 2.0,
    "model_unloads": 1.0,
    "model_failures": 3.0,
    "model_load_seconds": 2.5,
    "models_loaded": 1.0,
    "model_bytes": 40_000_000.0,
    "models_unusable": 1.0,
    "shadow_same": 9.0,
    "shadow_other": 1.0,
    "shadow_failed": 0.0,
    "shadow_difference": 0.25,
    "shadow_seconds": 0.5,
}


def test_sums_become_counters_and_levels_gauges() -> None:
    registry = CollectorRegistry()
    reports = ModelReports(ClassifierMetrics(registry).models)

    reports.take(REPORT)
    reports.take({**REPORT, "model_loads": 4.0, "shadow_other": 5.0, "model_bytes": 10.0, "models_unusable": 0.0})

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"sightline_classifier_{name}", labels)

    assert value("model_loads_total") == 4
    assert value("model_unloads_total") == 1
    assert value("model_failures_total") == 3
    assert value("model_load_seconds_total") == 2.5
    assert (value("models_loaded"), value("model_bytes"), value("models_unusable")) == (1, 10, 0)
    assert [value("shadow_images_total", outcome=name) for name in ("same", "other", "failed")] == [9, 5, 0]
    assert (value("shadow_difference_total"), value("shadow_seconds_total")) == (0.25, 0.5)


def test_a_sum_that_falls_is_not_counted_back() -> None:
    """A driver that forgets a JVM must not end the classifier."""
    registry = CollectorRegistry()
    reports = ModelReports(ClassifierMetrics(registry).models)
    reports.take(REPORT)

    reports.take({**REPORT, "model_loads": 1.0})

    assert registry.get_sample_value("sightline_classifier_model_loads_total") == 2
