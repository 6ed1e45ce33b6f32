"""Traces: where spans go, and what stands in for them as long as nobody collects any."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from sightline_common.publisher import Ack

_PATH: Final = "/v1/traces"


class ImageSpan:
    """An image's way into Kafka. This one records nothing; its image passes on the trace that it came with."""

    def __init__(self, traceparent: str | None) -> None:
        self.traceparent = traceparent

    def stored(self, ack: "Ack") -> None:
        """Kafka has the image."""

    def end(self, failure: BaseException | None = None) -> None:
        """It is over; `failure` when Kafka does not have the image."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(failure)


class Tracing:
    """The spans of a process. This one makes none, and costs nothing."""

    tracer: "Tracer | None" = None  # for spans of other kinds

    def sending(self, image_id: str, traceparent: str | None) -> ImageSpan:
        """The span of an image, below the one under way or else below `traceparent`."""
        del image_id
        return ImageSpan(traceparent)

    def stop(self) -> None:
        """Send what is left, within a few seconds. Blocks."""


def traces_endpoint(environment: Mapping[str, str]) -> str | None:
    """The URL that spans go to, as OpenTelemetry's variables name it; None: nobody collects any."""
    exporters = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporters.strip().lower() == "none":
        return None
    if whole := environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return whole
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return base.rstrip("/") + _PATH if base else None


def tracing_of(environment: Mapping[str, str], service: str) -> Tracing:
    """The spans of `service` (gateway, bridge), sent where the variables of `environment` say."""
    endpoint = traces_endpoint(environment)
    if endpoint is None:
        return Tracing()
    # The SDK takes memory and time to load: only who uses it pays.
    from sightline_common.otlp import OtlpTracing, exporter_to  # noqa: PLC0415

    return OtlpTracing(service, exporter_to(endpoint))
