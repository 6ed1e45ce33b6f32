"""Images read back from a real broker: what was sent, what is gone, and a broker that is away."""

import io
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from PIL import Image

from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.origins import Origin, encode_origin, image_id_from_origin
from sightline_contracts.results import encode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.kafka import EmbeddedKafka
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import GatewayProcess, image_bytes, wait_until

pytestmark = pytest.mark.kafka

PNG = image_bytes()


class Topics:
    """Writes images as a gateway does, and results as the classifier does."""

    def __init__(self, broker: EmbeddedKafka, producer: KafkaProducer) -> None:
        self._broker = broker
        self._producer = producer

    def publish(self, *images: bytes, keyed: bool = True) -> list[tuple[str, Origin]]:
        """Publish images in one go, so that they share batches; returns their ids and places."""
        sent = []
        for data in images:
            record = ImageRecord(new_image_id(), data, "image/png", "tcp", accepted_at=1, name="größe.png")
            key = record.id.encode() if keyed else None
            sent.append(
                (record.id, self._producer.send(IMAGES, data, key, headers=encode_headers(record), partition=1))
            )
        places = [(image_id, future.get(20)) for image_id, future in sent]
        return [(image_id, Origin(IMAGES, place.partition, place.offset)) for image_id, place in places]

    def answer(self, image_id: str, origin: Origin) -> None:
        """Publish a result that says that its image is at `origin`."""
        record = ImageRecord(image_id, b"", "image/png", "tcp", accepted_at=1)
        result = encode_result(make_result(record))
        self._producer.send(RESULTS, result, image_id.encode(), headers=encode_origin(origin)).get(20)

    def delete_before(self, origin: Origin) -> None:
        """What retention does: the records of its partition before this one go."""
        with closing(KafkaAdminClient(bootstrap_servers=self._broker.bootstrap_servers)) as admin:
            admin.delete_records({TopicPartition(IMAGES, origin.partition): origin.offset})


@pytest.fixture
def broker(restartable_broker: EmbeddedKafka) -> EmbeddedKafka:
    """A broker that the test may stop."""
    return restartable_broker


@pytest.fixture
def topics(broker: EmbeddedKafka) -> Iterator[Topics]:
    """Writes to the broker; what it sends at once goes in one batch."""
    servers = broker.bootstrap_servers
    with closing(
        KafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=50, max_request_size=11_000_000)
    ) as producer:
        yield Topics(broker, producer)


def get(gateway: GatewayProcess, image_id: str, what: str) -> httpx.Response:
    """GET a picture of an image once its result is there."""
    wait_until(lambda: gateway.client.get(f"/v1/images/{image_id}").status_code == 200)
    return gateway.client.get(f"/v1/images/{image_id}/{what}")


def workers_of(gateway: GatewayProcess) -> list[int]:
    """The process ids of the gateway's children."""
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def test_each_image_comes_back_from_its_place(gateway: GatewayProcess, topics: Topics) -> None:
    small = [image_bytes(size=(20 + number, 20), noise=True) for number in range(5)]
    large = image_bytes("BMP", (1800, 1850), noise=True)
    assert 9_900_000 < len(large) < 10_485_760
    images = [*small, large]
    published = topics.publish(*images)
    for image_id, origin in published:
        topics.answer(image_id, origin)
    for (image_id, _), data in reversed(list(zip(published, images, strict=True))):
        original = get(gateway, image_id, "original")
        assert (original.status_code, original.content == data) == (200, True)
        assert "filename*=UTF-8''gr%C3%B6%C3%9Fe.png" in original.headers["Content-Disposition"]
        with Image.open(io.BytesIO(get(gateway, image_id, "thumbnail").content)) as thumbnail:
            assert max(thumbnail.size) == (360 if data is large else max(20, 20 + images.index(data)))
    assert gateway.metric("sightline_gateway_thumbnail_workers_total") == 1


def test_an_image_that_a_foreign_producer_sent_without_an_id_is_found(gateway: GatewayProcess, topics: Topics) -> None:
    ((_, origin),) = topics.publish(PNG, keyed=False)
    image_id = image_id_from_origin(origin)
    topics.answer(image_id, origin)
    assert get(gateway, image_id, "original").content == PNG


def test_what_kafka_has_deleted_is_gone(gateway: GatewayProcess, topics: Topics) -> None:
    (old, kept) = topics.publish(PNG, PNG)
    for image_id, origin in (old, kept):
        topics.answer(image_id, origin)
    assert get(gateway, old[0], "original").status_code == 200
    topics.delete_before(kept[1])
    gone = get(gateway, old[0], "original")
    assert (gone.status_code, gone.json()["code"]) == (410, "image-gone")
    assert get(gateway, kept[0], "original").content == PNG


def test_another_image_is_never_shown_in_place_of_one_that_is_gone(gateway: GatewayProcess, topics: Topics) -> None:
    """After a topic was made anew, another image is where this one was, or nothing yet."""
    ((_, there),) = topics.publish(PNG)
    for offset in (there.offset, there.offset + 1, there.offset + 1000):
        missing = new_image_id()
        topics.answer(missing, Origin(IMAGES, there.partition, offset))
        gone = get(gateway, missing, "original")
        assert (gone.status_code, gone.json()["code"]) == (410, "image-gone")


def test_without_kafka_it_is_said_at_once_and_with_it_again_pictures_come(
    gateway: GatewayProcess, broker: EmbeddedKafka, topics: Topics
) -> None:
    (first,), (second,) = topics.publish(PNG), topics.publish(image_bytes(size=(40, 40)))  # no batch has both
    for image_id, origin in (first, second):
        topics.answer(image_id, origin)
    assert get(gateway, first[0], "thumbnail").status_code == 200
    wait_until(lambda: gateway.client.get(f"/v1/images/{second[0]}").status_code == 200)
    broker.kill()
    began = time.monotonic()
    away = gateway.client.get(f"/v1/images/{second[0]}/thumbnail")
    assert (away.status_code, away.json()["code"]) == (503, "kafka-unavailable")
    assert time.monotonic() - began < 10
    assert gateway.client.get(f"/v1/images/{first[0]}/thumbnail").status_code == 200  # it was made before
    broker.start()
    broker.wait_ready()
    wait_until(lambda: gateway.client.get(f"/v1/images/{second[0]}/thumbnail").status_code == 200, 40)


def test_the_worker_ends_with_its_gateway(gateway: GatewayProcess, topics: Topics, tmp_path: Path) -> None:
    ((image_id, origin),) = topics.publish(PNG)
    topics.answer(image_id, origin)
    assert workers_of(gateway) == []  # until somebody wants to see something
    assert get(gateway, image_id, "thumbnail").status_code == 200
    (worker,) = workers_of(gateway)
    assert gateway.terminate() == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    assert "Traceback" not in gateway.log()


def test_the_worker_ends_with_a_gateway_that_is_killed(gateway: GatewayProcess, topics: Topics) -> None:
    ((image_id, origin),) = topics.publish(PNG)
    topics.answer(image_id, origin)
    assert get(gateway, image_id, "thumbnail").status_code == 200
    (worker,) = workers_of(gateway)
    os.kill(gateway.process.pid, signal.SIGKILL)
    gateway.process.wait(10)
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
