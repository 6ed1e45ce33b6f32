"""What the bridge counts. Every label value exists from the start, so that a rate over it is never missing."""

from enum import StrEnum
from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sightline_common.instruments import SECONDS, describe_process, readiness_gauge

CHECKS: Final = ("kafka",)


class FrameResult(StrEnum):
    """What became of a frame; the values from `bad-length` on are FrameError's codes."""

    PUBLISHED = "published"
    TOO_LARGE = "too-large"
    ABANDONED = "abandoned"
    BAD_LENGTH = "bad-length"
    BAD_NAME = "bad-name"
    TRUNCATED = "truncated-frame"


class ConnectionEnd(StrEnum):
    """Why a connection ended."""

    CLOSED = "closed"
    RESET = "reset"
    BAD_FRAME = "bad-frame"
    IDLE_TIMEOUT = "idle-timeout"
    FRAME_TIMEOUT = "frame-timeout"
    STOPPED = "stopped"
    REFUSED = "refused"


@final
class BridgeMetrics:
    """The bridge's metrics, in the registry that the management port shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        describe_process("bridge", registry)
        self.ready = readiness_gauge("bridge", CHECKS, registry)
        self._frames = Counter(
            "sightline_bridge_frames", "Frames by what became of them", ["result"], registry=registry
        )
        self._ends = Counter(
            "sightline_bridge_connection_ends", "Connections by why they ended", ["reason"], registry=registry
        )
        self.received_bytes = Counter(
            "sightline_bridge_received_bytes", "Bytes read from connections, headers included", registry=registry
        )
        self.published_bytes = Counter(
            "sightline_bridge_published_bytes", "Payload bytes that Kafka acknowledged", registry=registry
        )
        self.retries = Counter(
            "sightline_bridge_retries",
            "Frames offered to Kafka again because it could not take them",
            registry=registry,
        )
        self._add_limits(registry)
        self.publish_seconds = Histogram(
            "sightline_bridge_publish_seconds",
            "From the last byte of a frame to Kafka's acknowledgement",
            buckets=SECONDS,
            registry=registry,
        )
        for result in FrameResult:
            self._frames.labels(result)
        for reason in ConnectionEnd:
            self._ends.labels(reason)

    def _add_limits(self, registry: CollectorRegistry) -> None:
        """What is held now, beside the most that may be."""
        self.connections = Gauge("sightline_bridge_connections", "Connections open now", registry=registry)
        self.connection_limit = Gauge(
            "sightline_bridge_connection_limit",
            "Most connections at a time: SIGHTLINE_BRIDGE_MAX_CONNECTIONS",
            registry=registry,
        )
        self.held_bytes = Gauge(
            "sightline_bridge_held_bytes",
            "Bytes of frames that are held now",
            registry=registry,
        )
        self.held_limit = Gauge(
            "sightline_bridge_held_limit_bytes",
            "Most bytes of frames held at a time: SIGHTLINE_BRIDGE_BUFFER_BYTES",
            registry=registry,
        )
        self.waiting_connections = Gauge(
            "sightline_bridge_waiting_connections",
            "Connections not read from because the buffer is full",
            registry=registry,
        )

    def frame(self, result: FrameResult, count: int = 1) -> None:
        """Count frames that came to `result`."""
        self._frames.labels(result).inc(count)

    def connection_end(self, reason: ConnectionEnd) -> None:
        """Count a connection that ended for `reason`."""
        self._ends.labels(reason).inc()
