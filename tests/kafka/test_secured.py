"""Processes on a Kafka with TLS, users and access rules: what works with the least rights, and what they say if not."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from sightline_common.kafka_client import CannotConnect, tls_context
from sightline_common.settings import KafkaSettings
from sightline_contracts.origins import Origin, encode_origin
from sightline_contracts.results import encode_result
from sightline_contracts.topics import DEAD_LETTERS, IMAGES, RESULTS
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.topics import TopicWatch
from sightline_spark.offsets import OffsetReader
from sightline_spark.settings import ClassifierSettings
from sightline_spark.topics import wait_for_topics
from sightline_topics.access import ensure_access
from sightline_topics.app import ensure_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import AccessSettings, TopicsSettings
from tests.kafka.publishing import SOON_S, frame, running_publisher, until_ready, until_told
from tests.secured import SecuredKafka, make_certificates, secured_kafka
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        yield running


def test_a_socket_whose_handshake_fails_is_closed(kafka: SecuredKafka, tmp_path: Path) -> None:
    """The library forgets it: the collector found it open, when it came by, and warned."""
    make_certificates(tmp_path / "foreign")
    foreign = KafkaSettings(**kafka.settings("gateway", kafka_ca_file=tmp_path / "foreign/gateway/ca.pem"))
    context = tls_context(foreign.client_options())
    host, _, port = kafka.servers.rpartition(":")
    with socket.create_connection((host, int(port)), SOON_S) as plain:
        wrapped = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        with pytest.raises(ssl.SSLCertVerificationError):
            wrapped.do_handshake()
        assert wrapped.fileno() == -1
        assert context.sockets == [wrapped]
    with socket.create_connection((host, int(port)), SOON_S) as plain:
        following = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        assert context.sockets == [following], "what is closed is forgotten"
        following.close()


async def test_the_bridge_publishes(kafka: SecuredKafka) -> None:
    async with running_publisher(KafkaSettings(**kafka.settings("bridge"))) as publisher:
        await until_ready(publisher)
        ack = await publisher.publish(frame())
    assert ack.offset >= 0


def test_the_gateway_accepts_an_image_and_shows_its_result(kafka: SecuredKafka, tmp_path: Path) -> None:
    settings = kafka.settings("gateway")
    with running_gateway(settings.pop("kafka_bootstrap_servers"), tmp_path, **settings) as gateway:
        gateway.wait_ready()
        accepted = gateway.client.post("/v1/images", content=image_bytes(), headers={"Content-Type": "image/png"})
        assert accepted.status_code == 202, accepted.text
        image = frame(accepted.json()["id"])
        with closing(_producer(kafka, "classifier")) as classifier:
            classifier.send(RESULTS, encode_result(make_result(image)), key=image.id.encode()).get(20)
        wait_until(lambda: gateway.client.get(f"/v1/images/{image.id}").json().get("status") == "classified")


def test_the_gateway_reads_an_image_back(kafka: SecuredKafka, tmp_path: Path) -> None:
    settings, image = kafka.settings("gateway"), frame()
    with closing(_producer(kafka, "gateway")) as sender:
        place = sender.send(IMAGES, image.payload, key=image.id.encode()).get(20)
    headers = encode_origin(Origin(IMAGES, place.partition, place.offset))
    with closing(_producer(kafka, "classifier")) as classifier:
        classifier.send(RESULTS, encode_result(make_result(image)), key=image.id.encode(), headers=headers).get(20)
    with running_gateway(settings.pop("kafka_bootstrap_servers"), tmp_path, **settings) as gateway:
        wait_until(lambda: gateway.client.get(f"/v1/images/{image.id}").status_code == 200)
        assert gateway.client.get(f"/v1/images/{image.id}/original").content == image.payload


def test_the_topics_job_can_run_again(kafka: SecuredKafka) -> None:
    ensure_topics(TopicsSettings(**kafka.settings("topics")))


def _producer(kafka: SecuredKafka, user: str) -> KafkaProducer:
    return KafkaProducer(**KafkaSettings(**kafka.settings(user)).client_options(), acks="all", max_block_ms=10_000)


@pytest.mark.parametrize(
    ("user", "topic"),
    [("gateway", RESULTS), ("bridge", RESULTS), ("bridge", DEAD_LETTERS), ("classifier", IMAGES), ("topics", IMAGES)],
)
def test_nobody_writes_what_is_not_theirs(kafka: SecuredKafka, user: str, topic: str) -> None:
    producer = _producer(kafka, user)
    try:
        with pytest.raises(KafkaError, match="AuthorizationFailed"):
            producer.send(topic, b"forged").get(20)
    finally:
        producer.close(timeout=5)


@pytest.mark.parametrize(("user", "topic"), [("bridge", IMAGES), ("classifier", RESULTS), ("topics", RESULTS)])
def test_nobody_reads_what_is_not_theirs(kafka: SecuredKafka, user: str, topic: str) -> None:
    options = KafkaSettings(**kafka.settings(user)).client_options()
    with closing(KafkaConsumer(**options, group_id=None, auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        with pytest.raises(TopicAuthorizationFailedError):
            _poll(consumer)


def _poll(consumer: KafkaConsumer) -> None:
    end = time.monotonic() + SOON_S
    while time.monotonic() < end:
        consumer.poll(timeout_ms=500)


def _wrong(kafka: SecuredKafka, tmp_path: Path) -> dict[str, tuple[dict[str, Any], str]]:
    make_certificates(tmp_path / "foreign")
    port = kafka.servers.rpartition(":")[2]
    nobody = {"kafka_username": None, "kafka_password_file": None}
    return {
        "password": (
            {"kafka_password_file": None, "kafka_password": "guessed"},
            "the broker refused the user: check SIGHTLINE_KAFKA_USERNAME and SIGHTLINE_KAFKA_PASSWORD",
        ),
        "user": ({"kafka_username": "nobody"}, "the broker refused the user: check SIGHTLINE_KAFKA_USERNAME"),
        "mechanism": ({"kafka_sasl_mechanism": "PLAIN"}, "does not take this SIGHTLINE_KAFKA_SASL_MECHANISM"),
        "authority": (
            {"kafka_ca_file": tmp_path / "foreign/gateway/ca.pem"},
            "the broker's certificate is not trusted: check SIGHTLINE_KAFKA_CA_FILE",
        ),
        "host": (
            {"kafka_bootstrap_servers": f"127.0.0.1:{port}"},
            "the broker's certificate is for another host: check SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS",
        ),
        "no user": ({**nobody, "kafka_security_protocol": "SSL"}, "check SIGHTLINE_KAFKA_SECURITY_PROTOCOL"),
        "no tls": (
            {**nobody, "kafka_ca_file": None, "kafka_security_protocol": "PLAINTEXT"},
            "check SIGHTLINE_KAFKA_SECURITY_PROTOCOL",
        ),
    }


@pytest.mark.parametrize("what", ["password", "user", "mechanism", "authority", "host", "no user", "no tls"])
async def test_what_is_wrong_is_told_in_readiness(kafka: SecuredKafka, tmp_path: Path, what: str) -> None:
    """kafka-python alone says of all of these: unable to bootstrap."""
    changes, reason = _wrong(kafka, tmp_path)[what]
    async with running_publisher(KafkaSettings(**kafka.settings("gateway", **changes))) as publisher:
        await until_told(publisher, reason)
    if what != "no tls":
        with pytest.raises(TopicsError, match=reason):
            ensure_topics(TopicsSettings(**kafka.settings("topics", **changes), topics_deadline_s=1))


def test_the_gateway_tells_it_too_and_starts_when_it_is_mended(kafka: SecuredKafka, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("guessed")
    settings = kafka.settings("gateway", kafka_password_file=password)
    with running_gateway(settings.pop("kafka_bootstrap_servers"), tmp_path, **settings) as gateway:

        def told() -> bool:
            checks = gateway.client.get("/readyz").json()["checks"].values()
            return sum("the broker refused the user" in check["reason"] for check in checks) >= 2

        wait_until(told, SOON_S)
        password.write_text((kafka.tls / "gateway/password").read_text())
        gateway.wait_ready()
        assert "guessed" not in gateway.log()


async def test_a_user_without_rights_is_told_apart_from_a_topic_that_is_not_there(
    kafka: SecuredKafka, tmp_path: Path
) -> None:
    """Every answer of a broker that was not "here it is" read as "no topic yet": people ran the topics job again."""
    reason = f"topic {IMAGES}: TopicAuthorizationFailed"
    password = _user_without_rights(kafka, tmp_path)
    settings = kafka.settings("gateway", kafka_username="nobody", kafka_password_file=password)
    async with running_publisher(KafkaSettings(**settings)) as publisher:
        await until_told(publisher, reason)
    with pytest.raises(TopicsError, match=reason):
        ensure_topics(TopicsSettings(**settings))
    refused = pytest.raises(TopicAuthorizationFailedError, match=reason)
    with closing(OffsetReader(ClassifierSettings(**settings))) as reader, refused:
        reader.read()
    told: list[str] = []
    stop = threading.Event()

    def tell(why: str) -> None:
        told.append(why)
        stop.set()

    assert wait_for_topics(ClassifierSettings(**settings), stop, tell) is None
    assert reason in told[0]
    watch = TopicWatch(GatewaySettings(**settings))
    with closing(watch):
        readiness, results = watch.look()
    assert reason in readiness.reason
    assert f"topic {RESULTS}: TopicAuthorizationFailed" in readiness.reason
    assert results is None


def _user_without_rights(kafka: SecuredKafka, folder: Path) -> Path:
    users = folder / "users"
    users.mkdir()
    (users / "nobody").write_text("nobody's")
    ensure_access(AccessSettings(**kafka.administrator(), access_users_dir=users))
    return users / "nobody"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256"])
def test_users_get_passwords_for_the_mechanism_of_the_settings(
    kafka: SecuredKafka, tmp_path: Path, mechanism: str
) -> None:
    (tmp_path / "visitor").write_text("of a mechanism")
    settings = AccessSettings(**kafka.administrator(), access_users_dir=tmp_path, kafka_sasl_mechanism=mechanism)
    ensure_access(settings)
    with closing(KafkaAdminClient(**settings.client_options())) as admin:
        described = admin.describe_user_scram_credentials(["visitor"])
    assert mechanism.replace("-", "_") in str(described)


def test_a_port_that_says_nothing_holds_nobody(kafka: SecuredKafka) -> None:
    """kafka-python waits for ever for the answer to its TLS greeting, and each attempt that failed left a thread."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = KafkaSettings(
            **kafka.settings("gateway", kafka_bootstrap_servers=f"localhost:{silent.getsockname()[1]}")
        )
        threads = threading.active_count()
        for client in (KafkaAdminClient, KafkaConsumer, KafkaProducer):
            started = time.monotonic()
            with pytest.raises(CannotConnect, match="no answer within 1 s"):
                client(**settings.client_options(), bootstrap_timeout_ms=1000)
            assert time.monotonic() - started < SOON_S
        wait_until(lambda: threading.active_count() <= threads)  # some of other tests may have ended meanwhile


def test_an_administrator_needs_a_certificate(kafka: SecuredKafka) -> None:
    settings = {**kafka.administrator(), "kafka_certificate_file": None, "kafka_key_file": None}
    with pytest.raises(KafkaError):
        KafkaAdminClient(**KafkaSettings(**settings).client_options(), bootstrap_timeout_ms=2000)
