"""Every metric of the gateway: name, type and unit in one place. Values change where things happen."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The metrics of one process in a registry of its own, so that tests can have many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        counter, gauge = self._counter, self._gauge
        # -- uploads
        self.uploads = Counter(
            "sightline_gateway_uploads_total",
            "Images by what became of them: accepted, repeated (its Idempotency-Key was known) or a problem code",
            ["outcome"],
            registry=self.registry,
        )
        self.upload_bytes = counter("upload_bytes_total", "Bytes of accepted images")
        self.accept_seconds = self._histogram("accept_seconds", "Request head to Kafka's acknowledgement, in seconds")
        self.publish_seconds = self._histogram("publish_seconds", "Hand-over to Kafka's acknowledgement, in seconds")
        self.wait_seconds = self._histogram("wait_seconds", "Waits for a result (Prefer: wait), in seconds")
        self.in_flight_bytes = gauge("in_flight_bytes", "Bytes of uploads that Kafka has not acknowledged")
        self.disconnects = counter("client_disconnects_total", "Uploads that their sender broke off")
        # -- results view
        self.results = counter("view_results_total", "Results stored by the results view")
        self.duplicates = counter("view_duplicates_total", "Results ignored: the image and model version had one")
        self.invalid = counter("view_invalid_total", "Records of the results topic that are no result")
        self.missed = counter("view_missed_records_total", "Results that Kafka deleted before the view read them")
        self.restarts = counter("view_topic_restarts_total", "Times the results topic was found re-created or cut back")
        self.lag = gauge("view_lag_records", "Results on the topic that the view has not read")
        self.rows = gauge("view_rows", "Results kept for reading")
        # -- live stream
        self.stream_readers = gauge("stream_readers", "Readers of the live stream")
        self.stream_ends = Counter(
            "sightline_gateway_stream_ends_total",
            "Ended readers of the live stream by reason: left, slow, stalled or stopping",
            ["reason"],
            registry=self.registry,
        )

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"sightline_gateway_{name}", meaning, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"sightline_gateway_{name}", meaning, registry=self.registry)

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"sightline_gateway_{name}", meaning, buckets=_SECONDS, registry=self.registry)
