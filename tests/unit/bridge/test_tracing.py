"""A frame's span: from its last byte to Kafka's acknowledgement, however often it was offered."""

import logging

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id

from sightline_bridge import pipeline
from sightline_common.errors import RecordTooLarge, Unavailable
from sightline_common.otlp import OtlpTracing
from sightline_contracts.traces import trace_id_of
from tests.unit.bridge.doubles import closed_in_order, eventually, running
from tests.unit.bridge.test_server import FRAMES, wire


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FIRST_RETRY_S", 0.002)


async def test_each_frame_has_one_span_and_its_record_carries_it() -> None:
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    async with running(tracing=tracing) as bridge:
        bridge.publisher.failures.append(Unavailable("Kafka is away"))
        reader, writer = await bridge.connect()
        writer.write(wire(*FRAMES))
        writer.write_eof()
        assert await closed_in_order(reader)
        records = bridge.publisher.published
    tracing.stop()
    spans = exporter.get_finished_spans()
    assert [span.kind for span in spans] == [SpanKind.PRODUCER] * 3
    traces = {format_trace_id(context.trace_id) for span in spans if (context := span.get_span_context())}
    assert traces == {trace_id_of(record.traceparent) for record in records}
    assert len(traces) == 3
    sent = {dict(span.attributes or {})["messaging.message.id"] for span in spans}
    assert sent == {record.id for record in records}


async def test_a_frame_that_kafka_refuses_for_good_is_a_failed_span_and_a_line_with_its_ids(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    async with running(tracing=tracing) as bridge:
        bridge.publisher.failures.append(RecordTooLarge("too large"))
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: bridge.frames("too-large") == 1)
        (offered,) = bridge.publisher.offered
    tracing.stop()
    (span,) = exporter.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "too large")
    (line,) = [record for record in caplog.records if "frame dropped" in record.getMessage()]
    assert vars(line)["image_id"] == offered.id
    assert vars(line)["trace_id"] == trace_id_of(offered.traceparent)


async def test_what_is_abandoned_at_a_stop_is_a_failed_span() -> None:
    tracing = OtlpTracing("bridge", exporter := InMemorySpanExporter())
    async with running(tracing=tracing) as bridge:
        bridge.publisher.acknowledging.clear()
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: bridge.publisher.in_flight == 1)
    tracing.stop()
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR


async def test_at_debug_level_each_frame_has_a_line_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "sightline_bridge"):
        async with running() as bridge:
            reader, writer = await bridge.connect()
            writer.write(wire(FRAMES[0]))
            writer.write_eof()
            assert await closed_in_order(reader)
            (record,) = bridge.publisher.published
    (line,) = [line for line in caplog.records if line.getMessage() == "accepted"]
    assert vars(line)["image_id"] == record.id
    assert "trace_id" not in vars(line)
