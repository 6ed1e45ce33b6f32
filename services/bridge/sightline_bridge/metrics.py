"""What the bridge counts. Every label value exists from the start, so that a rate over it is never missing."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sightline_bridge.datagram.outcomes import DatagramResult
from sightline_common.instruments import SECONDS, describe_process, readiness_gauge

CHECKS: Final = ("kafka",)
DEFAULT_SOURCE: Final = "default"  # name of the one source that the environment describes
_SOURCE: Final = "source"


class FrameResult(StrEnum):
    """What became of a frame: what the pipeline makes of it, FrameError's codes, and FrameLoss.

    `incomplete`, `missing` and `over-budget` are FrameLoss alone; the others behind `abandoned` are FrameError's codes.
    """

    PUBLISHED = "published"
    TOO_LARGE = "too-large"
    ABANDONED = "abandoned"
    BAD_LENGTH = "bad-length"
    BAD_NAME = "bad-name"
    NO_FRAME = "no-frame"
    TRUNCATED = "truncated-frame"
    INCOMPLETE = "incomplete"
    MISSING = "missing"
    OVER_BUDGET = "over-budget"
    BAD_CHECKSUM = "bad-checksum"
    BAD_CONTENT_TYPE = "bad-content-type"
    BAD_ID = "bad-id"
    BAD_MESSAGE = "bad-message"
    BAD_SENDER = "bad-sender"
    BAD_VERSION = "bad-version"
    WINDOW_EXCEEDED = "window-exceeded"
    UNEXPECTED_HELLO = "unexpected-hello"


class ConnectionEnd(StrEnum):
    """Why a connection ended."""

    CLOSED = "closed"
    RESET = "reset"
    BAD_FRAME = "bad-frame"
    IDLE_TIMEOUT = "idle-timeout"
    FRAME_TIMEOUT = "frame-timeout"
    STOPPED = "stopped"
    REFUSED = "refused"
    REFUSED_ONE_SENDER = "refused-one-sender"
    NOT_ALLOWED = "not-allowed"
    TLS_FAILED = "tls-failed"
    HANDSHAKE_TIMEOUT = "handshake-timeout"
    ANSWERS_UNREAD = "answers-unread"


@final
class BridgeMetrics:
    """The bridge's metrics, in the registry that the management port shows."""

    def __init__(self, registry: CollectorRegistry, sources: Iterable[str] = (DEFAULT_SOURCE,)) -> None:
        """`sources` are the names that `of` will be asked for."""
        describe_process("bridge", registry)
        self.ready = readiness_gauge("bridge", CHECKS, registry)
        self.held_bytes = Gauge(
            "sightline_bridge_held_bytes", "Bytes of frames that are held now, over all sources", registry=registry
        )
        self.held_limit = Gauge(
            "sightline_bridge_held_limit_bytes",
            "Most bytes of frames held at a time: SIGHTLINE_BRIDGE_BUFFER_BYTES",
            registry=registry,
        )
        counters, gauges, seconds = _counters(registry), _gauges(registry), _publish_seconds(registry)
        self._sources = {name: SourceMetrics(name, counters, gauges, seconds) for name in sources}

    def of(self, source: str) -> "SourceMetrics":
        """What the source of that name counts."""
        return self._sources[source]


@final
class SourceMetrics:
    """What one source counts; all its series exist from the start."""

    def __init__(
        self, source: str, counters: Mapping[str, Counter], gauges: Mapping[str, Gauge], seconds: Histogram
    ) -> None:
        self._frames = {result: counters["frames"].labels(source, result) for result in FrameResult}
        self.source = source
        self._datagrams = counters["datagrams"]
        self._ends = {reason: counters["connection_ends"].labels(source, reason) for reason in ConnectionEnd}
        self.received_bytes = counters["received_bytes"].labels(source)
        self.skipped_bytes = counters["skipped_bytes"].labels(source)
        self.published_bytes = counters["published_bytes"].labels(source)
        self.retries = counters["retries"].labels(source)
        self.open_failures = counters["open_failures"].labels(source)
        self.up = gauges["source_up"].labels(source)
        self.connections = gauges["connections"].labels(source)
        self.connection_limit = gauges["connection_limit"].labels(source)
        self.waiting_connections = gauges["waiting_connections"].labels(source)
        self.publish_seconds = seconds.labels(source)

    def frame(self, result: FrameResult, count: int = 1) -> None:
        """Count frames that came to `result`."""
        self._frames[result].inc(count)

    def connection_end(self, reason: ConnectionEnd) -> None:
        """Count a connection that ended for `reason`."""
        self._ends[reason].inc()

    def datagrams(self) -> Mapping[DatagramResult, Counter]:
        """What a source of datagrams counts beside; asked for once, other sources have no such series."""
        return {result: self._datagrams.labels(self.source, result) for result in DatagramResult}


# Name without prefix: meaning, labels beside `source`.
_COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "frames": ("Frames by what became of them", ("result",)),
    "datagrams": ("Datagrams by what became of them (sources of type `udp`)", ("result",)),
    "connection_ends": ("Connections by why they ended", ("reason",)),
    "received_bytes": ("Bytes read from connections, headers included", ()),
    "skipped_bytes": ("Bytes that belong to no frame and were passed over (framing jpeg)", ()),
    "published_bytes": ("Payload bytes that Kafka acknowledged", ()),
    "retries": ("Frames offered to Kafka again because it could not take them", ()),
    "open_failures": ("Attempts to dial a sender or to open a device that failed", ()),
}
_GAUGES: Final[Mapping[str, str]] = {
    "source_up": "1 while the source can bring frames: it listens, is connected, is open; else 0",
    "connections": "Connections open now",
    "connection_limit": "Most connections at a time",
    "waiting_connections": "Connections not read from because the buffer is full",
}


def _counters(registry: CollectorRegistry) -> dict[str, Counter]:
    return {
        name: Counter(f"sightline_bridge_{name}", meaning, [_SOURCE, *labels], registry=registry)
        for name, (meaning, labels) in _COUNTERS.items()
    }


def _gauges(registry: CollectorRegistry) -> dict[str, Gauge]:
    return {
        name: Gauge(f"sightline_bridge_{name}", meaning, [_SOURCE], registry=registry)
        for name, meaning in _GAUGES.items()
    }


def _publish_seconds(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "sightline_bridge_publish_seconds",
        "From the last byte of a frame to Kafka's acknowledgement",
        [_SOURCE],
        buckets=SECONDS,
        registry=registry,
    )
