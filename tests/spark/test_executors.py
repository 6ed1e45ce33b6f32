"""The classifier on a real standalone cluster with authentication: executors compute, come and go; nothing is lost."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from sightline_local.check import find_java
from sightline_local.kafka import EmbeddedKafka
from tests.collector import Collector, collecting
from tests.repeats import say_the_same
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import digit_png
from tests.spark.standalone import Standalone, standalone, until

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(600)]

DIGITS = [digit_png(index)[0] for index in range(20)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A master, a worker that offers one executor of one core, and a worker that does not know the secret."""
    if find_java() is None:
        pytest.skip("needs Java 17 (Debian: apt-get install openjdk-17-jdk-headless)")
    with standalone(tmp_path_factory.mktemp("cluster"), executors=1) as running:
        running.start("stranger", SIGHTLINE_CLASSIFIER_SPARK_SECRET="a-guess-that-is-long-enough-to-be-one")
        yield running


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Takes the executors' spans."""
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def driver(
    cluster: Standalone, broker: EmbeddedKafka, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClassifierProcess]:
    """A classifier on the cluster, ready."""
    folder = tmp_path_factory.mktemp("driver")
    settings = cluster.environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with classifier(broker.bootstrap_servers, folder, settings=settings) as process:
        yield process
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0


def test_a_model_that_executors_lack_is_told_at_start(
    cluster: Standalone, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    settings = cluster.environment | {"SIGHTLINE_DEFAULT_MODEL": "nope"}
    process = ClassifierProcess(broker.bootstrap_servers, tmp_path, settings=settings)
    assert process.wait_end() == 1
    last = json.loads(process.log.read_text().splitlines()[-1])
    assert "SIGHTLINE_DEFAULT_MODEL=nope cannot be used: on executor host " in last["message"]
    assert "model nope is not installed" in last["message"]


def test_executors_classify_and_the_driver_does_not(
    cluster: Standalone, driver: ClassifierProcess, broker: EmbeddedKafka
) -> None:
    sent = send(broker.bootstrap_servers, [*DIGITS, b"no image"])
    results = results_of(broker.bootstrap_servers, sent)
    assert [results[image][0].status for image in sent if results[image]] == ["classified"] * 20 + ["failed"]

    lines = [json.loads(line) for line in cluster.log_of("worker").read_text().splitlines()]
    loaded = [line for line in lines if line["message"].startswith("Loaded model digits-lenet@1 in ")]
    assert [line["service"] for line in loaded] == ["executor"]
    assert {*loaded[0]} == {"message", "level", "logger", "service", "time"}
    assert "Loaded model" not in driver.log.read_text()
    until(lambda: driver.metric("sightline_classifier_model_loads_total") == 1, "the executor tells the driver")
    until(lambda: driver.metric("sightline_classifier_models_loaded") == 1, "and that it is loaded")
    until(lambda: driver.metric("sightline_classifier_model_bytes") > 100_000, "and how large it is")
    assert list(cluster.folder.rglob("*.jar")) == []  # 200 MB for each executor, were they copied


def test_executors_make_the_spans_though_only_the_driver_is_told_where_they_go(
    driver: ClassifierProcess, broker: EmbeddedKafka, collector: Collector
) -> None:
    trace_id, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    (image,) = send(broker.bootstrap_servers, DIGITS[:1], f"00-{trace_id}-{caller}-01")
    (span,) = collector.wait(lambda seen: len(seen) == 1)
    assert (span.trace_id, span.parent, span.service) == (trace_id, caller, "sightline-classifier")
    assert span.attributes["messaging.message.id"] == image


def test_the_secret_is_in_no_command_line(cluster: Standalone, driver: ClassifierProcess) -> None:
    """Every user of a machine can read them."""
    secret = cluster.environment["SIGHTLINE_CLASSIFIER_SPARK_SECRET"].encode()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert any(b"CoarseGrainedExecutorBackend" in command for command in commands)
    assert not [command for command in commands if secret in command]


def test_a_worker_with_another_secret_is_not_let_in(cluster: Standalone) -> None:
    log = cluster.log_of("stranger")
    until(lambda: "Failed to connect to master" in log.read_text(), "it is sent away", cluster.logs)
    assert "Successfully registered" not in log.read_text()
    cluster.kill("stranger")


def test_a_killed_executor_is_replaced_and_loses_nothing(
    cluster: Standalone, driver: ClassifierProcess, broker: EmbeddedKafka
) -> None:
    accepted = send(broker.bootstrap_servers, DIGITS * 50)
    (executor,) = cluster.executors()
    os.kill(executor, signal.SIGKILL)
    accepted += send(broker.bootstrap_servers, DIGITS)

    results = results_of(broker.bootstrap_servers, accepted)
    assert [image for image in accepted if not results[image]] == []
    for found in results.values():
        assert say_the_same([asdict(result) for result in found])
    (replaced,) = cluster.executors()
    assert replaced != executor


def test_a_killed_master_is_not_missed_and_goes_on_when_it_is_back(
    cluster: Standalone, driver: ClassifierProcess, broker: EmbeddedKafka
) -> None:
    (executor,) = cluster.executors()
    cluster.kill("master")
    meanwhile = send(broker.bootstrap_servers, DIGITS)
    assert all(results_of(broker.bootstrap_servers, meanwhile).values())
    cluster.start("master")
    until(lambda: "Master has changed" in driver.log.read_text(), "the new master finds the driver", cluster.logs)
    assert cluster.executors() == [executor]

    os.kill(executor, signal.SIGKILL)  # only a master that knows the application sends another
    until(lambda: cluster.executors() not in ([], [executor]), "another executor", cluster.logs)
    afterwards = send(broker.bootstrap_servers, DIGITS)
    assert all(results_of(broker.bootstrap_servers, afterwards).values())
