"""A collector of traces as small as it gets: OTLP over HTTP, in protobuf and in JSON."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.http_server import Quiet, serving

SERVER, PRODUCER, CONSUMER = 2, 4, 5


@dataclass(frozen=True)
class Seen:
    """A span as it came; `kind` and `status` are OTLP's numbers, `begun` and `ended` Unix ns."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    kind: int
    service: str
    begun: int
    ended: int
    attributes: dict[str, Any]
    status: int

    @property
    def traceparent(self) -> str:
        """What a record that was made within the span carries."""
        return f"00-{self.trace_id}-{self.span_id}-01"


class Collector:
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.url = ""  # while nobody serves it
        self.spans: list[Seen] = []
        self.headers: list[dict[str, str]] = []

    def wait(self, condition: Callable[[list[Seen]], bool], deadline_s: float = 30.0) -> list[Seen]:
        """The spans, once `condition` holds of them."""
        end = time.monotonic() + deadline_s
        while not condition(seen := list(self.spans)):
            assert time.monotonic() < end, f"not within {deadline_s} s: {seen}"
            time.sleep(0.05)
        return seen


class _Handler(Quiet, BaseHTTPRequestHandler):
    def __init__(self, collector: Collector, *arguments: Any) -> None:
        self._collector = collector
        super().__init__(*arguments)

    def do_POST(self) -> None:
        """Take spans."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.path == "/v1/traces"
        if known:
            is_json = self.headers["Content-Type"] == "application/json"
            self._collector.spans += _of_json(body) if is_json else _of_protobuf(body)
            self._collector.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens on a free port of this machine."""
    collector = Collector()
    with serving(partial(_Handler, collector)) as collector.url:
        yield collector


def _of_protobuf(body: bytes) -> list[Seen]:
    seen = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
            times = span.start_time_unix_nano, span.end_time_unix_nano
            attributes = _values(span.attributes)
            seen.append(Seen(*ids, span.name, span.kind, service, *times, attributes, span.status.code))
    return seen


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def _of_json(body: bytes) -> list[Seen]:
    seen = []
    for resource in json.loads(body)["resourceSpans"]:
        service = _plain(resource["resource"]["attributes"])["service.name"]
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            ids = span["traceId"], span["spanId"], span["parentSpanId"]
            times = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
            status = span.get("status", {}).get("code", 0)
            seen.append(Seen(*ids, span["name"], span["kind"], service, *times, _plain(span["attributes"]), status))
    return seen


def _plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"intValue": int, "doubleValue": float, "stringValue": str}
    return {one["key"]: kinds[kind](value) for one in attributes for kind, value in one["value"].items()}
