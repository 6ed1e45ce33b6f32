"""One trace from the sender to the result, through all three processes and a real Kafka."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sightline_bridge.framing import FRAMINGS, Frame
from sightline_local.kafka import EmbeddedKafka
from tests.collector import CONSUMER, PRODUCER, SERVER, Collector, Seen, collecting
from tests.spark.classifier_process import ClassifierProcess, classifier
from tests.spark.conftest import digit_png
from tests.unit.bridge.processes import BridgeProcess, bridge_process
from tests.unit.bridge.processes import wait_until as wait_for
from tests.unit.gateway.process import GatewayProcess, running_gateway, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.spark]

CALLER = "b7ad6b7169203331"
PNG, _ = digit_png(3)


@dataclass
class System:
    """All that takes part."""

    gateway: GatewayProcess
    bridge: BridgeProcess
    classifier: ClassifierProcess
    collector: Collector

    def result(self, image_id: str) -> dict[str, Any]:
        """The image's result, once it is there."""
        path = f"/v1/images/{image_id}"
        wait_until(lambda: self.gateway.client.get(path).status_code == 200, 60)
        found: dict[str, Any] = self.gateway.client.get(path).json()
        return found

    def upload(self, trace_id: str, **headers: str) -> dict[str, Any]:
        """Upload an image within a trace; returns its result."""
        sent = {"traceparent": f"00-{trace_id}-{CALLER}-01"} | headers
        answer = self.gateway.client.post("/v1/images", content=PNG, headers=sent)
        assert answer.status_code == 202
        return self.result(answer.json()["id"])

    def trace(self, trace_id: str, spans: int) -> dict[int, Seen]:
        """The spans of a trace by kind, once there are so many."""
        seen = self.collector.wait(lambda seen: len([s for s in seen if s.trace_id == trace_id]) == spans)
        return {span.kind: span for span in seen if span.trace_id == trace_id}


@pytest.fixture(scope="module")
def system(broker: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Gateway, bridge and classifier, which tell a collector what they do."""
    folder: Path = tmp_path_factory.mktemp("traces")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        collector = stack.enter_context(collecting())
        for name, value in {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "SIGHTLINE_LOG_LEVEL": "DEBUG",
        }.items():
            environment.setenv(name, value)
        servers, levels = broker.bootstrap_servers, {"SIGHTLINE_LOG_FORMAT": "json"}
        gateway = stack.enter_context(running_gateway(servers, folder))
        bridge = stack.enter_context(
            bridge_process(folder, KAFKA_BOOTSTRAP_SERVERS=servers, BRIDGE_FRAMING="named", LOG_LEVEL="DEBUG")
        )
        process = stack.enter_context(classifier(servers, folder, settings=levels))
        gateway.wait_ready()
        wait_for(bridge.ready, "the bridge is connected to Kafka")
        yield System(gateway, bridge, process, collector)


def test_an_upload_is_one_trace_up_to_its_result(system: System) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    result = system.upload(trace_id)
    assert result["trace_id"] == trace_id
    spans = system.trace(trace_id, 3)
    server, producer, consumer = spans[SERVER], spans[PRODUCER], spans[CONSUMER]
    assert (server.parent, producer.parent, consumer.parent) == (CALLER, server.span_id, producer.span_id)
    services = [span.service for span in (server, producer, consumer)]
    assert services == ["sightline-gateway", "sightline-gateway", "sightline-classifier"]
    assert {span.attributes["messaging.message.id"] for span in (producer, consumer)} == {result["id"]}
    place = "messaging.destination.partition.id", "messaging.kafka.offset"
    assert [producer.attributes[name] for name in place] == [consumer.attributes[name] for name in place]
    assert server.begun <= producer.begun <= producer.ended
    assert producer.begun <= consumer.begun <= consumer.ended
    assert consumer.attributes["sightline.model.name"] == "digits-lenet"


def test_a_failed_image_is_a_failed_span(system: System) -> None:
    trace_id = "1af7651916cd43dd8448eb211c80319c"
    sent = {"traceparent": f"00-{trace_id}-{CALLER}-01"}
    answer = system.gateway.client.post("/v1/images?model=nope", content=PNG, headers=sent)
    assert system.result(answer.json()["id"])["error"]["code"] == "unknown-model"
    consumer = system.trace(trace_id, 3)[CONSUMER]
    assert (consumer.status, consumer.attributes["error.type"]) == (2, "unknown-model")


def test_a_trace_that_its_caller_does_not_sample_is_named_by_the_result_and_not_recorded(system: System) -> None:
    unsampled, sampled = "2af7651916cd43dd8448eb211c80319c", "3af7651916cd43dd8448eb211c80319c"
    assert system.upload(unsampled, traceparent=f"00-{unsampled}-{CALLER}-00")["trace_id"] == unsampled
    system.upload(sampled)
    system.trace(sampled, 3)  # what was to come of the one before has come
    assert [span for span in system.collector.spans if span.trace_id == unsampled] == []


def test_a_frame_begins_a_trace_that_its_result_names(system: System) -> None:
    with socket.create_connection(("127.0.0.1", system.bridge.port), timeout=10) as connection:
        connection.sendall(FRAMINGS["named"].encode(Frame("traced.png", PNG)))
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""

    def result() -> dict[str, Any] | None:
        images = system.gateway.client.get("/v1/images").json()["images"]
        return next((image for image in images if image["name"] == "traced.png"), None)

    found = wait_until(result, 60)
    spans = system.trace(found["trace_id"], 2)
    producer, consumer = spans[PRODUCER], spans[CONSUMER]
    assert (producer.parent, consumer.parent) == ("", producer.span_id)
    assert (producer.service, consumer.service) == ("sightline-bridge", "sightline-classifier")
    assert producer.attributes["messaging.message.id"] == found["id"]


def test_every_process_logs_the_image_and_the_trace(system: System) -> None:
    trace_id = "4af7651916cd43dd8448eb211c80319c"
    image_id = system.upload(trace_id)["id"]
    assert f"accepted image_id={image_id} trace_id={trace_id}" in system.gateway.log()

    def line() -> dict[str, Any] | None:
        lines = [text for text in system.classifier.log.read_text().splitlines() if image_id in text]
        return json.loads(lines[0]) if lines else None

    logged = wait_until(line, 30)
    assert (logged["image_id"], logged["trace_id"]) == (image_id, trace_id)
    assert (logged["level"], logged["service"]) == ("DEBUG", "classifier")
    assert logged["message"].startswith("Classified by digits-lenet: ")
