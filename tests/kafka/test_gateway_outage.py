"""The gateway while Kafka is away, comes back, or has forgotten: answers in seconds, recovers by itself."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from sightline_contracts.images import ImageRecord
from sightline_contracts.results import encode_result
from sightline_contracts.topics import RESULTS
from sightline_local.kafka import EmbeddedKafka
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import GatewayProcess, image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def gateway(restartable_broker: EmbeddedKafka, tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway on a broker that the test may stop."""
    with running_gateway(restartable_broker.bootstrap_servers, tmp_path) as started:
        started.wait_ready()
        yield started


def upload(gateway: GatewayProcess) -> httpx.Response:
    """POST a small image."""
    return gateway.client.post("/v1/images", content=image_bytes())


def publish_result(broker: EmbeddedKafka, image_id: str) -> None:
    """Answer the image as the classifier would."""
    record = ImageRecord(image_id, b"", "image/png", "http", accepted_at=1)
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
        producer.send(RESULTS, encode_result(make_result(record)), image_id.encode()).get(20)


def test_a_killed_broker_means_503_within_seconds_and_recovery_without_a_restart(
    gateway: GatewayProcess, restartable_broker: EmbeddedKafka
) -> None:
    before = upload(gateway).json()["id"]
    restartable_broker.kill()
    began = time.monotonic()
    first = upload(gateway)
    assert time.monotonic() - began < 30
    assert first.status_code == 503
    assert first.json()["code"] in ("delivery-unknown", "kafka-unavailable")
    wait_until(lambda: gateway.client.get("/readyz").status_code == 503)
    began = time.monotonic()
    refused = upload(gateway)
    assert time.monotonic() - began < 5  # a delivery that is tried takes ten
    assert (refused.status_code, refused.json()["code"]) == (503, "kafka-unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert gateway.client.get(f"/v1/images/{before}").status_code == 202  # reading goes on
    assert gateway.client.get("/healthz").status_code == 200

    restartable_broker.start()
    restartable_broker.wait_ready()
    image_id = wait_until(lambda: upload(gateway).json().get("id"), 40)
    publish_result(restartable_broker, image_id)
    wait_until(lambda: gateway.client.get(f"/v1/images/{image_id}").status_code == 200, 40)
    gateway.wait_ready()


def test_a_gateway_started_before_kafka_says_what_it_waits_for_and_becomes_ready(
    restartable_broker: EmbeddedKafka, tmp_path: Path
) -> None:
    restartable_broker.stop()
    with running_gateway(restartable_broker.bootstrap_servers, tmp_path) as gateway:
        assert upload(gateway).status_code == 503
        checks = gateway.checks()
        assert not any(checks[name]["ok"] for name in ("kafka producer", "topics", "results view"))
        assert "Kafka" in checks["results view"]["reason"]
        restartable_broker.start()
        restartable_broker.wait_ready()
        gateway.wait_ready(40)
        assert upload(gateway).status_code == 202


def test_a_stop_while_kafka_is_away_ends_in_time_with_status_0(
    gateway: GatewayProcess, restartable_broker: EmbeddedKafka
) -> None:
    restartable_broker.kill()
    began = time.monotonic()
    assert gateway.terminate() == 0
    assert time.monotonic() - began < 20
    assert "Traceback" not in gateway.log()


def test_a_recreated_results_topic_is_read_from_its_beginning_and_old_results_stay(
    gateway: GatewayProcess, restartable_broker: EmbeddedKafka
) -> None:
    old, new = upload(gateway).json()["id"], upload(gateway).json()["id"]
    publish_result(restartable_broker, old)
    wait_until(lambda: gateway.client.get(f"/v1/images/{old}").status_code == 200)
    with closing(KafkaAdminClient(bootstrap_servers=restartable_broker.bootstrap_servers)) as admin:
        admin.delete_topics([RESULTS])
        check = wait_until(lambda: not (found := gateway.checks()["topics"])["ok"] and found)
    assert RESULTS in check["reason"]
    ensure_topics(TopicsSettings(kafka_bootstrap_servers=restartable_broker.bootstrap_servers))
    gateway.wait_ready(40)
    publish_result(restartable_broker, new)
    wait_until(lambda: gateway.client.get(f"/v1/images/{new}").status_code == 200)
    assert gateway.client.get(f"/v1/images/{old}").status_code == 200
    assert gateway.metric("sightline_gateway_view_topic_restarts_total") == 1


def test_a_topic_that_takes_smaller_records_than_the_gateway_is_named_by_readyz(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    limit = 20 * 1024 * 1024
    with running_gateway(broker.bootstrap_servers, tmp_path, max_image_bytes=limit) as gateway:
        reason = wait_until(
            lambda: "SIGHTLINE_MAX_IMAGE_BYTES" in (why := gateway.checks()["topics"]["reason"]) and why
        )
        assert str(limit + 65536) in reason
        assert gateway.client.get("/readyz").status_code == 503
