"""Spans by OpenTelemetry's SDK. Loaded only where a collector is named; `OTEL_*` variables tell the SDK the rest."""

import logging
import threading
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sightline_common.publisher import Ack
from sightline_common.tracing import ImageSpan, Tracing
from sightline_contracts.topics import IMAGES

log = logging.getLogger(__name__)

# The SDK's own limit is half a minute; a stop must not take that long for want of a collector.
_LAST_SPANS_S: Final = 3.0
_PROPAGATOR: Final = TraceContextTextMapPropagator()


def exporter_to(endpoint: str) -> SpanExporter:
    """What sends spans to the URL `endpoint` by OTLP over HTTP."""
    log.info("sending traces to %s", endpoint)
    return OTLPSpanExporter(endpoint)


def context_of(headers: Mapping[str, str]) -> Context:
    """The trace that a caller's `traceparent` and `tracestate` name, if any."""
    return _PROPAGATOR.extract(headers, Context())


class OtlpTracing(Tracing):
    """The spans of a process on their way to a collector, from a thread of the SDK's; never waited for."""

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        resource = Resource.create({"service.name": f"sightline-{service}", **_own(service)})
        # What the operator says of the process in OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES wins.
        resource = resource.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self._provider.get_tracer("sightline", version("sightline-common"))
        self._tracer = self.tracer

    def sending(self, image_id: str, traceparent: str | None) -> ImageSpan:
        """See Tracing."""
        under_way = get_current_span().get_span_context().is_valid
        parent = None if under_way or traceparent is None else context_of({"traceparent": traceparent})
        attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": IMAGES,
            "messaging.message.id": image_id,
        }
        span = self._tracer.start_span(f"send {IMAGES}", parent, SpanKind.PRODUCER, attributes)
        return _OtlpImageSpan(span, traceparent)

    def stop(self) -> None:
        """See Tracing."""
        last = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(_LAST_SPANS_S)


def _own(service: str) -> dict[str, str]:
    return {"service.namespace": "sightline", "service.version": version(f"sightline-{service}")}


class _OtlpImageSpan(ImageSpan):
    def __init__(self, span: Span, traceparent: str | None) -> None:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(span))
        super().__init__(carrier.get("traceparent", traceparent))
        self._span = span

    def stored(self, ack: Ack) -> None:
        self._span.set_attribute("messaging.destination.partition.id", str(ack.partition))
        self._span.set_attribute("messaging.kafka.offset", ack.offset)

    def end(self, failure: BaseException | None = None) -> None:
        if failure is not None:
            self._span.set_attribute("error.type", type(failure).__name__)
            self._span.set_status(Status(StatusCode.ERROR, str(failure)))
        self._span.end()
