"""Every metric of the gateway: name, type and unit in one place. Values change where things happen."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sightline_common.instruments import SECONDS, describe_process, readiness_gauge
from sightline_contracts.results import ERROR_CODES, Result
from sightline_gateway.problems import KINDS

CHECKS: Final = ("gateway", "kafka producer", "topics", "results view")
REFUSALS: Final = ("unauthorized", "forbidden", "rate-limited")
_STAGES: Final = ("queue", "decode", "inference")
_REASONS: Final = ("left", "slow", "stalled", "stopping", "expired")


class Metrics:
    """The metrics of one process in a registry of its own, so that tests can have many.

    Every label value exists from the start, so that a rate over it is never missing.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        describe_process("gateway", self.registry)
        self.ready = readiness_gauge("gateway", CHECKS, self.registry)
        self._add_uploads()
        self._add_view()
        self._add_pictures()
        self._add_deliveries()
        self._add_outcomes()

    def first_result(self, result: Result) -> None:
        """Count the result of an image that had none yet."""
        code = "none" if result.error is None else result.error.code
        self._outcomes.labels(result.status, code if code in ERROR_CODES or code == "none" else "other").inc()
        if result.accepted_at is not None:  # clocks of two hosts may differ: a latency below 0 is 0
            self._result_seconds.observe(max(result.classified_at - result.accepted_at, 0) / 1000)
        for stage in _STAGES:
            self._stage_seconds.labels(stage).observe(getattr(result.timing_ms, stage) / 1000)

    def _add_uploads(self) -> None:
        self.uploads = self._labelled(
            "uploads_total",
            "Images by what became of them: accepted, repeated (its Idempotency-Key was known) or a problem code",
            outcome=("accepted", "repeated", *(code for code in KINDS if code not in REFUSALS)),
        )
        self.upload_bytes = self._counter("upload_bytes_total", "Bytes of accepted images")
        self.accept_seconds = self._histogram("accept_seconds", "Request head to Kafka's acknowledgement, in seconds")
        self.publish_seconds = self._histogram("publish_seconds", "Hand-over to Kafka's acknowledgement, in seconds")
        self.wait_seconds = self._histogram("wait_seconds", "Waits for a result (Prefer: wait), in seconds")
        self.refused = self._labelled("refused_total", "Calls that the guard refused, by problem code", code=REFUSALS)
        self.connections = self._gauge("connections", "Open connections; the most: SIGHTLINE_GATEWAY_MAX_CONNECTIONS")
        self.in_flight_bytes = self._gauge("in_flight_bytes", "Bytes of uploads that Kafka has not acknowledged")
        self.in_flight_limit = self._gauge(
            "in_flight_limit_bytes", "The most: SIGHTLINE_GATEWAY_IN_FLIGHT_BYTES without what is held beside bodies"
        )
        self.disconnects = self._counter("client_disconnects_total", "Uploads that their sender broke off")

    def _add_view(self) -> None:
        self.results = self._counter("view_results_total", "Results stored by the results view")
        self.duplicates = self._counter("view_duplicates_total", "Results ignored: the image and model version had one")
        self.invalid = self._counter("view_invalid_total", "Records of the results topic that are no result")
        self.missed = self._counter("view_missed_records_total", "Results that Kafka deleted before the view read them")
        self.restarts = self._counter(
            "view_topic_restarts_total", "Times the results topic was found re-created or cut back"
        )
        self.lag = self._gauge("view_lag_records", "Results on the topic that the view has not read")
        self.rows = self._gauge("view_rows", "Results kept for reading")

    def _add_pictures(self) -> None:
        self.thumbnails = self._labelled(
            "thumbnails_total",
            "Thumbnails by where they came from: cached, made, or none (there cannot be one)",
            outcome=("cached", "made", "none"),
        )
        self.thumbnail_cache = self._gauge("thumbnail_cache_bytes", "Thumbnails kept in memory")
        self.thumbnail_workers = self._counter("thumbnail_workers_total", "Starts of the process that makes thumbnails")

    def _add_deliveries(self) -> None:
        """How results reach those who do not ask for each: on the live stream, and by webhook."""
        self.stream_readers = self._gauge("stream_readers", "Readers of the live stream")
        self.stream_ends = self._labelled(
            "stream_ends_total",
            "Ended readers of the live stream by reason: left, slow, stalled, stopping or expired (its key)",
            reason=_REASONS,
        )
        self.callbacks = self._labelled(
            "callbacks_total",
            "Tries to send a webhook by what became of them: delivered, retried (failed, more follow) or abandoned",
            outcome=("delivered", "retried", "abandoned"),
        )

    def _add_outcomes(self) -> None:
        """What the results say: the same on every replica, because each reads all of them."""
        self._outcomes = Counter(
            "sightline_gateway_view_outcomes_total",
            "First results of images: classified (code none), or failed by error code",
            ["status", "code"],
            registry=self.registry,
        )
        self._result_seconds = self._histogram("result_seconds", "Accepted to classified, by both hosts' clocks")
        self._stage_seconds = Histogram(
            "sightline_gateway_result_stage_seconds",
            "An image's time in the classifier: waiting in Kafka (queue), decoding, its share of its batch's inference",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._outcomes.labels("classified", "none")
        for code in (*ERROR_CODES, "other"):
            self._outcomes.labels("failed", code)
        for stage in _STAGES:
            self._stage_seconds.labels(stage)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"sightline_gateway_{name}", meaning, registry=self.registry)

    def _labelled(self, name: str, meaning: str, **values: tuple[str, ...]) -> Counter:
        """A counter with one label, which has these values."""
        ((label, known),) = values.items()
        counter = Counter(f"sightline_gateway_{name}", meaning, [label], registry=self.registry)
        for value in known:
            counter.labels(value)
        return counter

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"sightline_gateway_{name}", meaning, registry=self.registry)

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"sightline_gateway_{name}", meaning, buckets=SECONDS, registry=self.registry)
