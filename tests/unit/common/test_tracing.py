"""Spans of images: where they go, whose trace they join, and that nothing is loaded while nobody collects them."""

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from sightline_common.errors import Unavailable
from sightline_common.otlp import OtlpTracing
from sightline_common.publisher import Ack
from sightline_common.tracing import Tracing, traces_endpoint, tracing_of
from sightline_contracts.traces import trace_id_of
from tests.collector import collecting

TRACE_ID, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACE = f"00-{TRACE_ID}-{CALLER}-01"


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/base/"}, "http://c:4318/base/v1/traces"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/own"},
            "http://t/own",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "True"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "otlp"}, "http://c/v1/traces"),
    ],
)
def test_the_collector_is_named_by_opentelemetrys_variables(
    environment: Mapping[str, str], endpoint: str | None
) -> None:
    assert traces_endpoint(environment) == endpoint
    assert isinstance(tracing_of({}, "gateway"), Tracing)


def test_without_a_collector_a_trace_passes_through() -> None:
    with tracing_of({}, "gateway").sending("id", TRACE) as span:
        span.stored(Ack(0, 1))
    assert span.traceparent == TRACE
    assert tracing_of({}, "gateway").sending("id", None).traceparent is None


@pytest.mark.process
@pytest.mark.parametrize("service", ["gateway", "bridge"])
def test_without_a_collector_the_sdk_is_not_loaded(service: str) -> None:
    script = (
        f"import sys, sightline_{service}.__main__, sightline_common.tracing as tracing\n"
        f"tracing.tracing_of({{}}, '{service}')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def spans_of(exporter: InMemorySpanExporter, tracing: OtlpTracing) -> tuple[ReadableSpan, ...]:
    """What was recorded."""
    tracing.stop()
    return exporter.get_finished_spans()


def place_of(span: ReadableSpan) -> str:
    """The span as a record's traceparent."""
    context = span.get_span_context()
    assert context is not None
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


def test_an_image_joins_the_trace_that_it_came_with() -> None:
    tracing = OtlpTracing("gateway", exporter := InMemorySpanExporter())
    with tracing.sending("0199", TRACE) as sending:
        sending.stored(Ack(3, 4711))
    (span,) = spans_of(exporter, tracing)
    assert span.parent is not None
    assert format_span_id(span.parent.span_id) == CALLER
    assert sending.traceparent == place_of(span)
    assert trace_id_of(sending.traceparent) == TRACE_ID
    assert (span.name, span.kind, span.status.status_code) == ("send images", SpanKind.PRODUCER, StatusCode.UNSET)
    told = dict(span.attributes or {})
    assert told["messaging.message.id"] == "0199"
    assert (told["messaging.destination.partition.id"], told["messaging.kafka.offset"]) == ("3", 4711)
    assert span.resource.attributes["service.name"] == "sightline-gateway"


def test_an_image_without_a_trace_begins_one() -> None:
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    with tracing.sending("0199", None) as sending:
        pass
    (span,) = spans_of(exporter, tracing)
    assert span.parent is None
    assert sending.traceparent == place_of(span)


def test_what_kafka_did_not_take_is_a_failed_span() -> None:
    tracing = OtlpTracing("gateway", exporter := InMemorySpanExporter())
    with pytest.raises(Unavailable), tracing.sending("0199", TRACE):
        raise Unavailable("no broker")
    (span,) = spans_of(exporter, tracing)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "no broker")
    assert dict(span.attributes or {})["error.type"] == "Unavailable"


def test_a_trace_that_is_not_sampled_is_carried_on_and_not_recorded() -> None:
    tracing = OtlpTracing("gateway", exporter := InMemorySpanExporter())
    with tracing.sending("0199", TRACE[:-1] + "0") as sending:
        sending.stored(Ack(0, 0))
    assert spans_of(exporter, tracing) == ()
    assert trace_id_of(sending.traceparent) == TRACE_ID
    assert sending.traceparent is not None
    assert sending.traceparent.endswith("-00")


def test_the_operators_sampler_and_names_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    tracing.sending("0199", None).end()
    assert spans_of(exporter, tracing) == ()
    monkeypatch.delenv("OTEL_TRACES_SAMPLER")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "camera-door")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "site=gate%207,service.version=9")
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    tracing.sending("0199", None).end()
    (span,) = spans_of(exporter, tracing)
    told = span.resource.attributes
    assert (told["service.name"], told["site"], told["service.version"]) == ("camera-door", "gate 7", "9")


def test_spans_reach_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret")
    with collecting() as collector:
        tracing = tracing_of({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}, "gateway")
        with tracing.sending("0199", TRACE) as sending:
            sending.stored(Ack(0, 1))
        tracing.stop()
        (span,) = collector.spans
        assert (span.trace_id, span.parent, span.service) == (TRACE_ID, CALLER, "sightline-gateway")
        assert span.traceparent == sending.traceparent
        assert collector.headers[0]["authorization"] == "Bearer secret"


def test_a_stop_does_not_wait_for_a_collector_that_is_away() -> None:
    tracing = tracing_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "gateway")
    tracing.sending("0199", None).end()
    begun = time.monotonic()
    tracing.stop()
    assert time.monotonic() - begun < 5
