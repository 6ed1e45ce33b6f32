"""The gateway under load while its broker or itself is ended, paused or misled: nothing that was promised is lost."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import AlterConfigOp, ConfigResource

from sightline_contracts.images import decode_record
from sightline_contracts.results import encode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from tests.kafka.load import assert_nothing_lost, published, uploading
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import GatewayProcess, image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka

MIB = 1024 * 1024
BOUNCES = 5
PAUSE_S = 60
FLOOD = 200
LARGE = image_bytes(size=(600, 600), noise=True)  # 1.03 MiB


def test_a_broker_is_restarted_five_times_under_load_and_nothing_accepted_is_lost(
    restartable_broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """While it is away, at most one line a second is logged: a storm of lines has filled disks elsewhere."""
    with running_gateway(restartable_broker.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        began, lines = time.monotonic(), gateway.log().count("\n")
        with uploading(gateway.url) as load:
            for _ in range(BOUNCES):
                load.await_more(50)
                restartable_broker.stop()
                restartable_broker.start()
            restartable_broker.wait_ready()
            load.await_quick()
        assert gateway.log().count("\n") - lines <= time.monotonic() - began
        assert load.broken == 0
    assert load.refused, "no upload came while the broker was away"
    assert_nothing_lost(load, restartable_broker.bootstrap_servers)


def test_a_paused_broker_lets_uploads_wait_or_get_503_in_bounded_memory(
    restartable_broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """Who is told that the outcome is unknown sends again with the same key, and gets the same image."""
    budget = 16 * MIB
    limits = {"gateway_in_flight_bytes": budget, "gateway_max_upload_bytes": budget}
    with running_gateway(restartable_broker.bootstrap_servers, tmp_path, **limits) as gateway:
        gateway.wait_ready()
        with ThreadPoolExecutor() as sender, paused(restartable_broker):
            waits = sender.submit(send, gateway, "waits")
            wait_until(lambda: gateway.metric("sightline_gateway_in_flight_bytes") >= len(LARGE))
        assert waits.result().status_code == 202

        resident = memory(gateway, "VmRSS")
        with paused(restartable_broker), ThreadPoolExecutor(64) as senders:
            sending = [senders.submit(send, gateway, f"flood {number}") for number in range(FLOOD)]
            wait_until(lambda: gateway.metric('sightline_gateway_uploads_total{outcome="overloaded"}') > 0)
            assert gateway.client.get("/healthz", timeout=5).status_code == 200
            flood = [sent.result() for sent in sending]
        assert {answer.status_code for answer in flood} == {503}
        assert {answer.json()["code"] for answer in flood} >= {"overloaded", "delivery-unknown"}
        assert memory(gateway, "VmHWM") - resident <= budget + 100 * MIB

        unknown, told = next((n, a.json()["id"]) for n, a in enumerate(flood) if a.json()["code"] == "delivery-unknown")
        again = wait_until(lambda: (a := send(gateway, f"flood {unknown}")).is_success and a, 40)
        assert again.json()["id"] == told
    assert {waits.result().json()["id"], told} <= ids(restartable_broker)


def test_a_broker_that_stands_still_for_a_minute_means_503_and_nothing_accepted_is_lost(
    restartable_broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """Longer than all of the client's own time-outs. What was sent before and is acknowledged late is no 202 either."""
    with running_gateway(restartable_broker.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        began, lines = time.monotonic(), gateway.log().count("\n")
        with uploading(gateway.url) as load:
            load.await_more(50)
            with paused(restartable_broker):
                stopped = time.monotonic()
                wait_until(lambda: gateway.client.get("/readyz").status_code == 503)
                wait_until(lambda: set(load.refused) == {"delivery-unknown", "kafka-unavailable"})
                promised = len(load.accepted)
                wait_until(lambda: time.monotonic() - stopped >= PAUSE_S, 2 * PAUSE_S)
                assert gateway.client.get("/healthz", timeout=5).status_code == 200
                assert len(load.accepted) == promised
            load.await_quick()
        assert gateway.log().count("\n") - lines <= time.monotonic() - began
        assert load.broken == 0
    assert_nothing_lost(load, restartable_broker.bootstrap_servers)


def test_a_gateway_that_is_killed_under_load_loses_nothing_accepted_and_publishes_nothing_by_halves(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    port = free_port()
    with running_gateway(broker.bootstrap_servers, tmp_path, gateway_port=port) as gateway:
        gateway.wait_ready()
        with half_an_upload(port) as sender, uploading(gateway.url, noise=300) as load:
            load.await_more(50)
            gateway.process.kill()
            gateway.process.wait()
            assert hung_up(sender)
            with running_gateway(broker.bootstrap_servers, tmp_path, gateway_port=port) as second:
                second.wait_ready()
                load.await_more(50)
                assert send(second, "half").status_code == 202
    assert load.broken, "no upload was under way when the gateway died"
    whole = load.sent | {sha256(LARGE).digest()}
    assert all(sha256(record.value).digest() in whole for record in published(broker.bootstrap_servers))
    assert_nothing_lost(load, broker.bootstrap_servers)


@pytest.mark.parametrize("hours", [2, -24], ids=["ahead", "behind"])
def test_a_gateway_whose_clock_is_wrong_is_not_refused_by_kafka(
    broker: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Kafka refuses times that are an hour ahead where records bring their own: on our topics it writes them itself."""
    set_clock(tmp_path / "clock", hours * 3600)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "clock"))
    with running_gateway(broker.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        image_id = gateway.client.post("/v1/images", content=image_bytes()).json()["id"]
        found = next(record for record in published(broker.bootstrap_servers) if record.key.decode() == image_id)
        image = decode_record(found.key, found.value, found.headers)
        assert image.accepted_at / 1000 - time.time() == pytest.approx(hours * 3600, abs=60)
        assert found.timestamp / 1000 == pytest.approx(time.time(), abs=60)
        assert 0 < gateway.metric("sightline_gateway_accept_seconds_sum") < 60
        assert gateway.client.get(f"/v1/images/{image_id}").status_code == 202
        with closing(KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")) as producer:
            producer.send(RESULTS, encode_result(make_result(image)), found.key).get(20)
        wait_until(lambda: gateway.client.get(f"/v1/images/{image_id}").status_code == 200)


def test_a_limit_that_is_lowered_behind_the_gateway_is_named_and_what_fits_still_passes(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """After one image that the broker called too large every other one was, until the gateway was started again."""
    with running_gateway(broker.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        with images_limited_to(broker, MIB // 2):
            check = wait_until(lambda: not (found := gateway.checks()["topics"])["ok"] and found)
            assert "SIGHTLINE_MAX_IMAGE_BYTES" in check["reason"]
            refused = send(gateway, "too large")
            assert (refused.status_code, refused.json()["code"]) == (413, "too-large")
            wait_until(lambda: accepts_small(gateway))
        gateway.wait_ready()
        assert send(gateway, "too large").status_code == 202


def send(gateway: GatewayProcess, key: str) -> httpx.Response:
    """POST the large image under the key, on a connection of its own."""
    with httpx.Client(base_url=gateway.url, timeout=60, trust_env=False) as client:
        return client.post("/v1/images", content=LARGE, headers={"Idempotency-Key": key})


def accepts_small(gateway: GatewayProcess) -> bool:
    """Whether a small image is accepted now; fails the test when it is refused for good."""
    status = gateway.client.post("/v1/images", content=image_bytes()).status_code
    assert status in {202, 503}
    return status == 202


def ids(broker: EmbeddedKafka) -> set[str]:
    """The ids of all images in Kafka."""
    return {record.key.decode() for record in published(broker.bootstrap_servers)}


@contextmanager
def paused(broker: EmbeddedKafka) -> Iterator[None]:
    """The broker holds its connections and says nothing."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def memory(gateway: GatewayProcess, what: str) -> int:
    """A line of /proc/PID/status, in bytes: VmRSS is the memory in use, VmHWM the most that ever was."""
    lines = Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) * 1024


@contextmanager
def half_an_upload(port: int) -> Iterator[socket.socket]:
    """A connection whose upload has begun and does not go on."""
    head = f"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LARGE)}\r\nIdempotency-Key: half\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(head.encode() + LARGE[: len(LARGE) // 2])
        yield connection


def hung_up(connection: socket.socket) -> bool:
    """Whether the peer has ended the connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def set_clock(folder: Path, ahead_s: int) -> None:
    """Make what every Python process with `folder` in PYTHONPATH takes for the time wrong by `ahead_s` seconds."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import time, uuid_utils\n"
        f"seconds, ns, uuid7 = time.time, time.time_ns, uuid_utils.uuid7\n"
        f"time.time = lambda: seconds() + {ahead_s}\n"
        f"time.time_ns = lambda: ns() + {ahead_s} * 10**9\n"
        "uuid_utils.uuid7 = lambda: uuid7(nanoseconds=time.time_ns())\n"
    )


@contextmanager
def images_limited_to(broker: EmbeddedKafka, size: int) -> Iterator[None]:
    """The topic takes no larger record batches than `size` bytes, then as large ones as before."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:

        def limit_to(most: str) -> None:
            change = {"max.message.bytes": (AlterConfigOp.SET, most)}
            admin.alter_configs([ConfigResource("TOPIC", IMAGES, configs=change)])

        described = admin.describe_configs([ConfigResource("TOPIC", IMAGES)], config_filter="all")
        limit_to(str(size))
        try:
            yield
        finally:
            limit_to(described["topic"][IMAGES]["max.message.bytes"]["value"])
