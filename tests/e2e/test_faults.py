"""Processes die; nothing that was accepted is lost."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from sightline_contracts.topics import RESULTS
from sightline_local.processes import members
from sightline_local.samples import digit
from tests.e2e.ledger import await_results, contents
from tests.e2e.system import System, eventually, post

pytestmark = pytest.mark.e2e

IN_FLIGHT = 500


def upload(system: System, count: int) -> list[str]:
    """Upload digits from several connections; the ids that were accepted (all of them, or the test fails)."""

    def one(index: int) -> str:
        answer = post(clients[index % len(clients)], digit(index))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    clients = [httpx.Client(base_url=system.url, timeout=30, trust_env=False) for _ in range(8)]
    try:
        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(one, range(count)))
    finally:
        for client in clients:
            client.close()


@pytest.mark.timeout(400)
def test_kafka_dies_and_comes_back(system: System, http: httpx.Client) -> None:
    """Without Kafka an upload gets 503 with Retry-After, never a promise; with Kafka all works again by itself."""
    accepted = upload(system, 20)
    os.kill(system.state("broker").pid, signal.SIGKILL)
    system.supervisor.stop_program("broker")
    try:
        refused = post(http, digit(1))
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] in {"kafka-unavailable", "delivery-unknown"}
        assert http.get("/healthz").status_code == 200
        eventually(lambda: http.get("/readyz").status_code == 503, 20, "/readyz to say that Kafka is away")
    finally:
        system.supervisor.start_program("broker")
    back = eventually(lambda: (got := post(http, digit(2))).status_code == 202 and got, 90, "uploads to work again")
    accepted += [back.json()["id"], *upload(system, 20)]
    await_results(system, accepted, 120)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["its-process", "its-jvm-too"])
def test_the_classifier_dies_with_images_in_flight(
    system: System, http: httpx.Client, kill: Callable[[int, int], None]
) -> None:
    """Kill -9 in the middle of 500 images: the supervisor starts it again, and every accepted id has a result.

    Work that was done but not yet written down is done twice: the second results say the same, and readers see one.
    The JVM of a killed process goes on for a moment, beside the next one: it must not harm the position in Kafka.
    """
    crashed = system.state("classifier").pid
    with new_results(system) as come:
        # Stopped while the images arrive, so that they really wait; the JVM is in the same process group.
        os.killpg(crashed, signal.SIGSTOP)
        try:
            accepted = upload(system, IN_FLIGHT)
        finally:
            os.killpg(crashed, signal.SIGCONT)
        ledger = {image_id.encode() for image_id in accepted}
        done = eventually(lambda: len(ledger & come()), 60, "the first of the 500 results")
        kill(crashed, signal.SIGKILL)
    assert done < IN_FLIGHT, "the classifier was through before it was killed: nothing was in flight"

    found = await_results(system, accepted, 180)
    assert system.state("classifier").pid != crashed
    duplicates = sum(found.values()) - len(found)
    print(f"{done} results before the crash, {duplicates} duplicates after it")  # noqa: T201
    assert all(len(said) == 1 for said in contents(system, accepted).values())
    assert shown_once(http, accepted)
    eventually(lambda: len(spark_jvms(system)) == 1, 60, "the killed classifier's JVM to be gone")


@contextmanager
def new_results(system: System) -> Iterator[Callable[[], set[bytes]]]:
    """Gives the keys that have come to `results` since the last call.

    It is connected before they come: a consumer that had to connect first saw them when all of them were there.
    """
    with closing(KafkaConsumer(bootstrap_servers=system.bootstrap_servers)) as consumer:
        partitions = [TopicPartition(RESULTS, number) for number in consumer.partitions_for_topic(RESULTS)]
        consumer.assign(partitions)
        for partition, end in consumer.end_offsets(partitions).items():
            consumer.seek(partition, end)
        yield lambda: {record.key for records in consumer.poll(timeout_ms=500).values() for record in records}


def spark_jvms(system: System) -> list[int]:
    """Process ids of the run's JVMs that run Spark."""
    return [
        pid for pid, command in members(system.state_dir).items() if "org.apache.spark.deploy.SparkSubmit" in command
    ]


def shown_once(http: httpx.Client, ids: list[str]) -> bool:
    """Whether the gateway lists each id exactly once, all pages read."""
    wanted, listed, cursor = set(ids), list[str](), ""
    while True:
        page = http.get("/v1/images", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
        listed += [image["id"] for image in page["images"] if image["id"] in wanted]
        cursor = page["next"]
        if not cursor:
            return sorted(listed) == sorted(wanted)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", ["gateway", "bridge"])
def test_a_killed_program_comes_back(system: System, http: httpx.Client, program: str) -> None:
    killed = system.state(program).pid
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: system.state(program).pid not in {0, killed}, 30, f"{program} to be started again")
    status = eventually(lambda: (shown := system.command("status")).returncode == 0 and shown, 60, "all to be ready")
    assert program in status.stdout
    assert post(http, digit(4), wait_s=30).json()["status"] == "classified"
