"""The gateway on a real broker: images in, results out, and what a restart remembers."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer
from uuid_utils import uuid7

from sightline_contracts.ids import image_id_from_key
from sightline_contracts.images import ImageRecord, decode_record
from sightline_contracts.results import encode_result
from sightline_contracts.topics import RESULTS
from sightline_local.kafka import EmbeddedKafka
from tests.kafka.load import published
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import GatewayProcess, image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def classifier(broker: EmbeddedKafka) -> Iterator["Classifier"]:
    """Writes results as the classifier would."""
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
        yield Classifier(broker, producer)


class Classifier:
    """Reads back what the gateway published and answers it."""

    def __init__(self, broker: EmbeddedKafka, producer: KafkaProducer) -> None:
        self._broker = broker
        self._producer = producer

    def record(self, image_id: str) -> ImageRecord:
        """The image record with this id."""
        found = next(record for record in published(self._broker.bootstrap_servers) if record.key == image_id.encode())
        return decode_record(found.key, found.value, found.headers)

    def image_ids(self) -> set[str]:
        """The ids of all image records."""
        return {record.key.decode() for record in published(self._broker.bootstrap_servers)}

    def answer(self, image_id: str, **kwargs: Any) -> None:
        """Publish a result for the image."""
        record = ImageRecord(image_id, b"", "image/png", "http", accepted_at=1)
        self._producer.send(RESULTS, encode_result(make_result(record, **kwargs)), image_id.encode()).get(10)


def upload(gateway: GatewayProcess, data: bytes, **headers: str) -> httpx.Response:
    """POST the raw image."""
    return gateway.client.post("/v1/images", content=data, headers={"Content-Type": "image/png", **headers})


def test_an_upload_is_on_the_topic_as_it_was_sent(gateway: GatewayProcess, classifier: Classifier) -> None:
    data = image_bytes(size=(300, 300), noise=True)
    headers = {"Content-Type": "image/png", "X-Image-Name": "größe.png", "traceparent": TRACE}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    url = "/v1/images?model=digits-lenet@1&stream=camera-7"
    answer = gateway.client.post(url, content=data, headers=encoded)
    assert answer.status_code == 202
    record = classifier.record(answer.json()["id"])
    assert record.payload == data
    told = (record.content_type, record.source, record.stream, record.name, record.model, record.traceparent)
    assert told == ("image/png", "http", "camera-7", "größe.png", "digits-lenet@1", TRACE)


def test_a_result_answers_get_wait_list_and_stream(gateway: GatewayProcess, classifier: Classifier) -> None:
    image_id = upload(gateway, image_bytes(), **{"Idempotency-Key": "first"}).json()["id"]
    assert gateway.client.get(f"/v1/images/{image_id}").status_code == 202
    with gateway.client.stream("GET", "/v1/results/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        waiting: list[httpx.Response] = []
        waiter = threading.Thread(
            target=lambda: waiting.append(
                upload(gateway, image_bytes(), **{"Idempotency-Key": "first", "Prefer": "wait=20"})
            )
        )
        waiter.start()
        classifier.answer(image_id)
        data = next(line for line in lines if line.startswith("data: "))
    waiter.join()
    result = gateway.client.get(f"/v1/images/{image_id}")
    assert result.status_code == 200
    assert json.loads(data.removeprefix("data: ")) == result.json() == waiting[0].json()
    assert (waiting[0].status_code, waiting[0].headers["Preference-Applied"]) == (200, "wait=20")
    assert gateway.client.get("/v1/images").json()["images"][0] == result.json()


def test_a_second_result_of_the_same_model_version_is_ignored_and_counted(
    gateway: GatewayProcess, classifier: Classifier
) -> None:
    image_id = upload(gateway, image_bytes()).json()["id"]
    for _ in range(3):
        classifier.answer(image_id)
    before = gateway.metric("sightline_gateway_view_duplicates_total")
    classifier.answer(image_id)
    wait_until(lambda: gateway.metric("sightline_gateway_view_duplicates_total") >= max(3.0, before))
    listed = [image for image in gateway.client.get("/v1/images").json()["images"] if image["id"] == image_id]
    assert len(listed) == 1


def test_a_record_that_is_no_result_is_counted_and_passed_over(
    gateway: GatewayProcess, classifier: Classifier, broker: EmbeddedKafka
) -> None:
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
        producer.send(RESULTS, b'{"schema":"something-else/1"}', b"x").get(10)
    image_id = upload(gateway, image_bytes()).json()["id"]
    classifier.answer(image_id)
    wait_until(lambda: gateway.client.get(f"/v1/images/{image_id}").status_code == 200)
    wait_until(lambda: gateway.metric("sightline_gateway_view_invalid_total") >= 1)


@pytest.mark.parametrize("killed", [False, True])
def test_a_restart_remembers_results_and_pending_and_reads_on(
    broker: EmbeddedKafka, classifier: Classifier, tmp_path: Path, *, killed: bool
) -> None:
    with running_gateway(broker.bootstrap_servers, tmp_path) as first:
        first.wait_ready()
        done, missed, pending = (upload(first, image_bytes()).json()["id"] for _ in range(3))
        classifier.answer(done)
        wait_until(lambda: first.client.get(f"/v1/images/{done}").status_code == 200)
        if killed:
            first.process.kill()
            first.process.wait()
        else:
            assert first.terminate() == 0
    classifier.answer(missed)
    with running_gateway(broker.bootstrap_servers, tmp_path) as second:
        assert second.client.get(f"/v1/images/{done}").status_code == 200
        assert second.client.get(f"/v1/images/{pending}").status_code == 202
        wait_until(lambda: second.client.get(f"/v1/images/{missed}").status_code == 200)
        second.wait_ready()
        assert second.metric("sightline_gateway_view_results_total") == 1  # it went on, it did not begin again
        assert "re-created" not in second.log()


def test_a_key_means_the_same_image_on_every_replica(
    gateway: GatewayProcess, broker: EmbeddedKafka, classifier: Classifier, tmp_path: Path
) -> None:
    """The bytes were not compared: another image under a used key was answered with the first one's labels."""
    first, second = image_bytes(size=(30, 30)), image_bytes(size=(31, 31))
    key = {"Idempotency-Key": "on every replica"}
    (tmp_path / "other").mkdir()
    with running_gateway(broker.bootstrap_servers, tmp_path / "other") as other:
        other.wait_ready()
        image_id = upload(gateway, first, **key).json()["id"]
        assert upload(gateway, second, **key).json()["code"] == "key-reused"
        # The other replica does not know yet what the first one has accepted: two images, each with an id of its own.
        apart = upload(other, second, **key)
        assert (apart.status_code, apart.json()["id"] != image_id) == (202, True)
        assert upload(other, first, **{"Idempotency-Key": "another"}).status_code == 202
        key = {"Idempotency-Key": "with a result"}
        image_id = upload(gateway, first, **key).json()["id"]
        classifier.answer(image_id)
        wait_until(lambda: other.client.get(f"/v1/images/{image_id}").status_code == 200)
        refused = upload(other, second, **key)
        assert (refused.status_code, refused.json()["code"], refused.json()["image"]) == (422, "key-reused", image_id)
        again = upload(other, first, **key)
        assert (again.status_code, again.json()["id"]) == (200, image_id)


def test_either_of_two_gateways_answers_for_any_image_before_and_after_its_result(
    gateway: GatewayProcess, broker: EmbeddedKafka, classifier: Classifier, tmp_path: Path
) -> None:
    """A poller behind a round-robin was answered 404 by the gateway that had not taken the image itself."""
    (tmp_path / "other").mkdir()
    with running_gateway(broker.bootstrap_servers, tmp_path / "other") as other:
        other.wait_ready()
        turns = cycle([gateway, other])
        ids = [upload(next(turns), image_bytes()).json()["id"] for _ in range(5)]  # odd: each is asked of both
        next(turns)  # whoever took an image is not the first to be asked for it
        assert {next(turns).client.get(f"/v1/images/{image_id}").status_code for image_id in ids * 3} == {202}
        assert {one.client.get(f"/v1/images/{uuid7()}").status_code for one in (gateway, other)} == {404}
        for image_id in ids:
            classifier.answer(image_id)
        wait_until(lambda: {next(turns).client.get(f"/v1/images/{one}").status_code for one in ids * 3} == {200})


def test_an_inference_goes_through_kafka_and_waits_for_its_result(
    gateway: GatewayProcess, classifier: Classifier
) -> None:
    data = image_bytes(size=(32, 32))
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [b64encode(data).decode()]}
    image_id = image_id_from_key("http", "batch/0", data)
    with ThreadPoolExecutor() as sender:
        sending = sender.submit(
            gateway.client.post,
            "/v2/models/digits-lenet/versions/1/infer",
            json={"id": "42", "inputs": [tensor], "outputs": [{"name": "id"}, {"name": "label"}]},
            headers={"Idempotency-Key": "batch"},
        )
        wait_until(lambda: gateway.client.get(f"/v1/images/{image_id}").status_code == 202)
        assert (classifier.record(image_id).payload, classifier.record(image_id).model) == (data, "digits-lenet@1")
        classifier.answer(image_id)
        answer = sending.result(20).json()
    predictions = gateway.client.get(f"/v1/images/{image_id}").json()["predictions"]
    assert (answer["id"], answer["model_version"]) == ("42", "1")
    assert [output["data"] for output in answer["outputs"]] == [[image_id], [one["label"] for one in predictions]]


def test_two_gateways_cannot_share_a_state_folder(
    gateway: GatewayProcess, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    with (
        pytest.raises(AssertionError, match="SIGHTLINE_GATEWAY_STATE_DIR"),
        running_gateway(broker.bootstrap_servers, tmp_path),
    ):
        pass


def test_a_stop_under_load_answers_what_was_sent_and_keeps_what_was_accepted(
    broker: EmbeddedKafka, classifier: Classifier, tmp_path: Path
) -> None:
    data = image_bytes(size=(400, 400), noise=True)
    answers: list[httpx.Response] = []
    broken: list[Exception] = []

    def send(gateway: GatewayProcess) -> None:
        with httpx.Client(base_url=gateway.url, timeout=30) as client:
            while True:
                try:
                    answers.append(client.post("/v1/images", content=data))
                except httpx.ConnectError:
                    return
                except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                    broken.append(error)
                    return

    with running_gateway(broker.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        senders = [threading.Thread(target=send, args=(gateway,)) for _ in range(4)]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(answers) > 20)
        assert gateway.terminate() == 0
        for sender in senders:
            sender.join()
        assert "Traceback" not in gateway.log()
    assert {answer.status_code for answer in answers} <= {202, 503}
    # A keep-alive connection may be closed at the moment its client sends the next request: at most one a sender.
    assert len(broken) <= len(senders)
    accepted = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(accepted) > 20
    assert accepted <= classifier.image_ids()
