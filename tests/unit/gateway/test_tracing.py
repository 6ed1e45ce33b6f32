"""Spans of requests: joined to their caller's trace, handed on with each image, and none for what is only read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from sightline_common.errors import Unavailable
from sightline_common.otlp import OtlpTracing
from sightline_contracts.traces import trace_id_of
from tests.unit.gateway.conftest import Serve, Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_guard import Keys

PNG = image_bytes("PNG")
TRACE_ID, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACE = f"00-{TRACE_ID}-{CALLER}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps what is sent to it."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> OtlpTracing:
    """Spans of a gateway."""
    return OtlpTracing("gateway", exporter)


@pytest.fixture
async def served(serve: Serve, tracing: OtlpTracing) -> AsyncIterator[Served]:
    """A gateway whose spans somebody collects."""
    async with serve(tracing=tracing) as running:
        yield running


def spans_by_kind(tracing: OtlpTracing, exporter: InMemorySpanExporter) -> dict[SpanKind, list[ReadableSpan]]:
    """What was recorded, the servers' and the producers'."""
    tracing.stop()
    found: dict[SpanKind, list[ReadableSpan]] = {SpanKind.SERVER: [], SpanKind.PRODUCER: []}
    for span in exporter.get_finished_spans():
        found[span.kind].append(span)
    return found


def span_id(span: ReadableSpan) -> str:
    """The span's id."""
    context = span.get_span_context()
    assert context is not None
    assert format_trace_id(context.trace_id) == TRACE_ID
    return format_span_id(context.span_id)


def parent_of(span: ReadableSpan) -> str | None:
    """The id of the span above."""
    return None if span.parent is None else format_span_id(span.parent.span_id)


async def test_an_upload_joins_its_callers_trace_and_hands_it_on(
    served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    assert (await served.client.post("/v1/images", content=PNG, headers={"traceparent": TRACE})).status_code == 202
    spans = spans_by_kind(tracing, exporter)
    (server,), (producer,) = spans[SpanKind.SERVER], spans[SpanKind.PRODUCER]
    assert (parent_of(server), parent_of(producer)) == (CALLER, span_id(server))
    assert served.publisher.records[0].traceparent == f"00-{TRACE_ID}-{span_id(producer)}-01"
    assert server.name == "POST /v1/images"
    told = dict(server.attributes or {})
    assert (told["http.route"], told["http.response.status_code"]) == ("/v1/images", 202)
    assert told["http.request.body.size"] == len(PNG)


async def test_every_file_of_a_form_has_a_span_in_the_requests_trace(
    served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    files = [("a", ("a.png", PNG)), ("b", ("b.png", PNG))]
    assert (await served.client.post("/v1/images", files=files, headers={"traceparent": TRACE})).status_code == 202
    spans = spans_by_kind(tracing, exporter)
    (server,) = spans[SpanKind.SERVER]
    assert [parent_of(span) for span in spans[SpanKind.PRODUCER]] == [span_id(server)] * 2
    carried = {record.traceparent for record in served.publisher.records}
    assert carried == {f"00-{TRACE_ID}-{span_id(span)}-01" for span in spans[SpanKind.PRODUCER]}


async def test_a_call_of_the_open_inference_protocol_is_a_span_too(
    served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    path = "/v2/models/nope/infer"
    assert (await served.client.post(path, json={"inputs": []}, headers={"traceparent": TRACE})).status_code == 404
    (server,) = spans_by_kind(tracing, exporter)[SpanKind.SERVER]
    assert (server.name, parent_of(server)) == ("POST /v2/models/{model}/infer", CALLER)


@pytest.mark.parametrize("name", ["models", "v2", "infer", "versions", "{model}"])
async def test_a_model_named_like_a_part_of_the_path_has_the_route_of_all_models(
    name: str, served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    """Each part equal to the name was once taken for the name: `/v2/{model}/{model}/infer`."""
    for path in (f"/v2/models/{name}/infer", f"/v2/models/{name}/versions/{name}/infer"):
        assert (await served.client.post(path, json={"inputs": []})).status_code in {400, 404}
    assert [span.name for span in spans_by_kind(tracing, exporter)[SpanKind.SERVER]] == [
        "POST /v2/models/{model}/infer",
        "POST /v2/models/{model}/versions/{version}/infer",
    ]


async def test_an_upload_without_a_trace_begins_one_that_its_result_names(served: Served) -> None:
    image_id = (await served.client.post("/v1/images", content=PNG)).json()["id"]
    (record,) = served.publisher.records
    assert trace_id_of(record.traceparent) is not None
    served.topic.append([make_result(record)])
    result = (await served.client.get(f"/v1/images/{image_id}")).json()
    assert result["trace_id"] == trace_id_of(record.traceparent)


async def test_a_refused_upload_has_its_status_and_one_that_kafka_did_not_take_is_failed(
    served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    assert (await served.client.post("/v1/images", content=b"no image")).status_code == 415
    served.publisher.failure = Unavailable("no broker")
    assert (await served.client.post("/v1/images", content=PNG)).status_code == 503
    spans = spans_by_kind(tracing, exporter)
    said = [
        (dict(span.attributes or {})["http.response.status_code"], span.status.status_code)
        for span in spans[SpanKind.SERVER]
    ]
    assert said == [(415, StatusCode.UNSET), (503, StatusCode.ERROR)]
    (producer,) = spans[SpanKind.PRODUCER]
    assert (producer.status.status_code, producer.status.description) == (StatusCode.ERROR, "no broker")


@pytest.mark.parametrize("path", ["/v1/images", "/healthz", "/readyz", "/metrics", "/v2/health/live"])
async def test_what_is_only_read_makes_no_span(
    path: str, served: Served, tracing: OtlpTracing, exporter: InMemorySpanExporter
) -> None:
    assert (await served.client.get(path, headers={"traceparent": TRACE})).status_code == 200
    assert spans_by_kind(tracing, exporter) == {SpanKind.SERVER: [], SpanKind.PRODUCER: []}


async def test_who_has_no_key_makes_no_span(
    serve: Serve, tracing: OtlpTracing, exporter: InMemorySpanExporter, tmp_path: Path
) -> None:
    async with serve(tracing=tracing, gateway_keys_file=Keys(tmp_path).file) as served:
        assert (await served.client.post("/v1/images", content=PNG)).status_code == 401
    assert spans_by_kind(tracing, exporter)[SpanKind.SERVER] == []
