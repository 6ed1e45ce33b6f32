"""What the classifier counts. Images by status and error code are counted where results are read: in the gateway."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from sightline_common.instruments import describe_process, readiness_gauge

CHECKS: Final = ("query",)


class ClassifierMetrics:
    """The classifier's metrics, in the registry that the management port shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        describe_process("classifier", registry)
        self.ready = readiness_gauge("classifier", CHECKS, registry)
        gauge = partial(_gauge, registry)
        # -- the query, by Spark's progress reports
        self.running = gauge("query_running", "1 while the query runs")
        self.images = Counter("sightline_classifier_images", "Images classified or failed", registry=registry)
        self.rate = gauge("images_per_second", "Images a second, lately; while a batch runs, the last one's")
        self.batch_seconds = gauge("batch_seconds", "Time of the last micro-batch")
        self.batch_images = gauge("batch_images", "Images of the last micro-batch")
        self.last_progress = gauge(
            "last_progress_timestamp_seconds", "When the last batch or epoch ended, Unix time; 0: none yet"
        )
        # -- its backlog, by Kafka's own offsets
        self.kafka_up = gauge(
            "kafka_up", "1 when Kafka answered the last question for offsets (every 5 s); NaN: not asked yet"
        )
        self.lag = gauge("lag_records", "Images that wait in Kafka")
        self.oldest_unread = gauge(
            "oldest_unread_seconds",
            "How long the oldest image that waits in Kafka has waited, to an eighth; below a second: 0",
        )
        self.partition_lag = gauge("lag_partition_records", "Images that wait in the partition where most do")
        self.retention = gauge("retention_seconds", "How long Kafka keeps images (retention.ms); +Inf: for ever")
        self.retention_bytes = gauge(
            "retention_bytes", "How many bytes of images Kafka keeps in a partition (retention.bytes); +Inf: no limit"
        )
        self.dead_letters = Counter(
            "sightline_classifier_dead_letters", "Dead letters that came to their topic", registry=registry
        )
        self.models = ModelMetrics(registry)
        # -- its checkpoint
        self.checkpoint_saved = gauge(
            "checkpoint_timestamp_seconds", "When the query's position was last saved, Unix time; 0: never"
        )
        self.started_without_checkpoint = gauge(
            "started_without_checkpoint",
            "1 when the query began at the image topic's beginning for lack of a checkpoint",
        )
        for unknown in (self.kafka_up, self.retention, self.retention_bytes):  # no broker was asked yet
            unknown.set(math.nan)


class ModelMetrics:
    """Models in all JVMs that classify: their loading, and what a shadow says. Part of `ClassifierMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        gauge = partial(_gauge, registry)

        def counter(name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(f"sightline_classifier_{name}", meaning, labels, registry=registry)

        self.loaded = gauge("models_loaded", "Models in memory, each counted in each JVM that has it")
        self.bytes = gauge("model_bytes", "Memory that they take")
        self.unusable = gauge(
            "models_unusable",
            "Installed versions that cannot be loaded, each counted in each JVM that has tried; the log says why",
        )
        self.loads = counter("model_loads", "Models loaded")
        self.load_seconds = counter("model_load_seconds", "Time that loading them took")
        self.unloads = counter("model_unloads", "Models unloaded: others needed the memory, or removed")
        self.failures = counter("model_failures", "Attempts to load a model that failed")
        self.shadow_images = counter(
            "shadow_images",
            "Images that SIGHTLINE_CLASSIFIER_SHADOW classified too: the same label first, another, or failed",
            ["outcome"],
        )
        self.shadow_difference = counter(
            "shadow_difference", "By how much it differed in the probability of the label that results show, added up"
        )
        self.shadow_seconds = counter("shadow_seconds", "Time that it took")


def _gauge(registry: CollectorRegistry, name: str, meaning: str) -> Gauge:
    return Gauge(f"sightline_classifier_{name}", meaning, registry=registry)
