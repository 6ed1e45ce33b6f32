"""The Python client through a gateway process and a real broker."""

from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer

from sightline_client import Client, Refused
from sightline_contracts.images import decode_record
from sightline_contracts.results import encode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.kafka import EmbeddedKafka
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import GatewayProcess, image_bytes, running_gateway

pytestmark = pytest.mark.kafka


def test_an_image_goes_through_kafka_byte_for_byte_and_its_result_comes_back(
    gateway: GatewayProcess, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    photo = tmp_path / "größe.png"
    photo.write_bytes(image_bytes(noise=True))
    with (
        Client(gateway.url) as client,
        closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer,
        closing(
            KafkaConsumer(
                IMAGES,
                bootstrap_servers=broker.bootstrap_servers,
                auto_offset_reset="earliest",
                consumer_timeout_ms=20_000,
            )
        ) as consumer,
    ):
        uploaded = client.upload(photo, stream="door")
        assert client.result(uploaded.id) is None
        records = (decode_record(record.key, record.value, record.headers) for record in consumer)
        record = next(record for record in records if record.id == uploaded.id)
        assert (record.payload, record.name, record.stream) == (photo.read_bytes(), photo.name, "door")
        producer.send(RESULTS, encode_result(make_result(record)), record.id.encode()).get(10)
        result = client.wait(uploaded.id, timeout_s=20)
        assert (result.id, result.name, result.stream) == (uploaded.id, photo.name, "door")
        assert [(found.label, found.probability) for found in result.predictions] == [
            (found.label, found.probability) for found in make_result(record).predictions
        ]


def test_without_kafka_the_reason_comes_after_the_retries(tmp_path: Path) -> None:
    with (
        running_gateway("127.0.0.1:1", tmp_path) as gateway,
        Client(gateway.url, retries=1) as client,
        pytest.raises(Refused, match="kafka-unavailable") as caught,
    ):
        client.upload(image_bytes())
    assert (caught.value.status, caught.value.retry_after_s) == (503, 2)
