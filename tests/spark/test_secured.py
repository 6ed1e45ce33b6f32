"""The classifier on a secured Kafka: it reads and writes, says why it cannot, and never shows its password."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sightline_spark.query import build_query, read_images
from sightline_spark.settings import ClassifierSettings
from tests.secured import PASSWORD, SecuredKafka, environment, secured_kafka
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import MODELS, digit_png

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        yield running


def test_images_are_classified(kafka: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(kafka.settings("classifier")).items():
        monkeypatch.setenv(name, value)
    with classifier(kafka.servers, tmp_path) as process:
        sent = send(kafka.broker.bootstrap_servers, [digit_png(0)[0], b"no image"])
        results = results_of(kafka.broker.bootstrap_servers, sent)
        assert [results[image][0].status for image in sent] == ["classified", "failed"]
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
    assert PASSWORD not in process.log.read_text()


def test_a_wrong_password_is_told_in_readiness(
    kafka: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = kafka.settings("classifier", kafka_password_file=None, kafka_password="guessed")
    for name, value in environment(wrong).items():
        monkeypatch.setenv(name, value)
    process = ClassifierProcess(kafka.servers, tmp_path)
    try:
        deadline = time.monotonic() + 120
        while "the broker refused the user" not in (reasons := _reasons(process.port)):
            assert time.monotonic() < deadline, f"{reasons}\n{process.log.read_text()}"
            time.sleep(0.2)
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
    finally:
        process.process.kill()
        process.process.wait()
    assert "guessed" not in process.log.read_text()


def _reasons(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            document: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            document = json.load(error)
    except OSError:
        return ""
    return " ".join(check["reason"] for check in document["checks"].values())


def test_no_plan_and_no_log_shows_a_secret(
    kafka: SecuredKafka, spark: SparkSession, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Spark hides an option by its name or value, except in the reader of its older interface, which had it in full."""
    settings = ClassifierSettings(
        **kafka.settings("classifier"), models_dir=MODELS, classifier_checkpoint_dir=tmp_path / "checkpoint"
    )
    _log_everything(spark)
    try:
        images = read_images(spark, settings)
        plans = images._jdf.queryExecution().toString()
        query = build_query(images, settings).start()
        query.processAllAvailable()
        query.explain(extended=True)
        plans += json.dumps(query.lastProgress)
        query.stop()
    finally:
        _log_everything(spark, level="WARN")
    shown = capfd.readouterr()
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).decode(errors="replace")

    assert "kafka.sasl.jaas.config=*********(redacted)" in plans
    assert "ProducerConfig values" in shown.err  # the most talkative line there is: the log was on
    for text in (plans, shown.out, shown.err, files):
        assert "c'd ;=" not in text  # the part of the password that no quoting changes
        assert "BEGIN CERTIFICATE" not in text


def _log_everything(spark: SparkSession, level: str = "DEBUG") -> None:
    log4j: Any = spark._jvm.org.apache.logging.log4j  # type: ignore[union-attr]
    for name in ("org.apache.spark", "org.apache.kafka"):
        log4j.core.config.Configurator.setLevel(name, log4j.Level.toLevel(level))
