"""What the JVMs that classify tell the driver about their models, as metrics."""

import json
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import Counter, Gauge
from pyspark.sql import SparkSession

from sightline_spark.metrics import ModelMetrics

_SHADOW_OUTCOMES: Final = ("same", "other", "failed")


class ModelReports:
    """Carries sums that only grow into counters, and what is there now into gauges."""

    def __init__(self, metrics: ModelMetrics) -> None:
        self._levels: Mapping[str, Gauge] = {
            "models_loaded": metrics.loaded,
            "model_bytes": metrics.bytes,
            "models_unusable": metrics.unusable,
        }
        self._totals: Mapping[str, Counter] = {
            "model_loads": metrics.loads,
            "model_load_seconds": metrics.load_seconds,
            "model_unloads": metrics.unloads,
            "model_failures": metrics.failures,
            "shadow_difference": metrics.shadow_difference,
            "shadow_seconds": metrics.shadow_seconds,
            **{f"shadow_{outcome}": metrics.shadow_images.labels(outcome) for outcome in _SHADOW_OUTCOMES},
        }
        self._counted = dict.fromkeys(self._totals, 0.0)

    def take(self, report: Mapping[str, float]) -> None:
        """Show a report, the engine's `JvmReports.json`."""
        for name, gauge in self._levels.items():
            gauge.set(report[name])
        for name, counter in self._totals.items():
            counter.inc(max(report[name] - self._counted[name], 0))
            self._counted[name] = report[name]


def read_report(spark: SparkSession) -> Mapping[str, float]:
    """What the JVMs have told the driver so far; of a cluster's executors at most seconds old."""
    jvm: Any = spark._jvm  # noqa: SLF001 - py4j's door
    report: Mapping[str, float] = json.loads(str(jvm.io.sightline.engine.stream.ReportsPlugin.json()))
    return report
