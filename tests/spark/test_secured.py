"""The classifier on a secured Kafka: it reads and writes, says why it cannot, and never shows its password."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest
from pyspark.sql import SparkSession

from sightline_common.settings import KafkaSettings
from sightline_spark.backfill.app import backfill
from sightline_spark.backfill.arguments import parse
from sightline_spark.kafka import kafka_options
from sightline_spark.query import build_query, read_images
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell import add_topics
from tests.secured import PLAIN_PART, SecuredKafka, environment, secured_kafka
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import MODELS, digit_png

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]

_TALKATIVE: Final = """
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c: %m%n
rootLogger.level = debug
rootLogger.appenderRef.stderr.ref = stderr
# PySpark's shell lowers the root.
logger.spark.name = org.apache.spark
logger.spark.level = debug
logger.kafka.name = org.apache.kafka
logger.kafka.level = debug
"""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        yield running


def test_images_are_classified_and_no_log_shows_the_password(
    kafka: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(kafka.settings("classifier")).items():
        monkeypatch.setenv(name, value)
    log4j = tmp_path / "log4j2.properties"
    log4j.write_text(_TALKATIVE)
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_JAVA_OPTIONS", f"-Dlog4j2.configurationFile={log4j.as_uri()}")
    with classifier(kafka.servers, tmp_path) as process:
        sent = send(kafka.broker.bootstrap_servers, [digit_png(0)[0], b"no image"])
        results = results_of(kafka.broker.bootstrap_servers, sent)
        assert [results[image][0].status for image in sent] == ["classified", "failed"]
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
    log = process.log.read_text()
    assert "ProducerConfig values" in log  # all that there is was logged
    assert "ConsumerConfig values" in log
    files = [file.read_bytes().decode(errors="replace") for file in (tmp_path / "checkpoint").rglob("*.*")]
    for text in (log, *files):
        assert PLAIN_PART not in text
        assert "BEGIN CERTIFICATE" not in text


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


def test_mutual_tls(kafka: SecuredKafka, spark: SparkSession) -> None:
    """The key and the certificate are options as the password is, and hidden as well."""
    options = kafka_options(KafkaSettings(**kafka.administrator()))
    images = spark.read.format("kafka").options(**options, subscribe="images").load()
    assert images.count() >= 0
    plan = str(images._jdf.queryExecution().toString())
    assert "PRIVATE KEY" not in plan
    assert "BEGIN CERTIFICATE" not in plan


def test_no_plan_shows_a_secret(
    kafka: SecuredKafka, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Spark hides an option by its name or value, except in the reader of its older interface, which had it in full."""
    settings = ClassifierSettings(
        **kafka.settings("classifier"), models_dir=MODELS, classifier_checkpoint_dir=tmp_path / "checkpoint"
    )
    images = read_images(spark, settings)
    images.explain(extended=True)
    query = build_query(images, settings).start()
    query.processAllAvailable()
    query.explain(extended=True)
    query.stop()
    plans = capsys.readouterr().out + json.dumps(query.lastProgress)
    assert "StreamingRelationV2" in plans
    assert "WriteToMicroBatchDataSource" in plans
    assert "kafka.sasl.jaas.config=*********(redacted)" in plans
    assert PLAIN_PART not in plans
    assert "BEGIN CERTIFICATE" not in plans


def test_the_shells_tables_are_an_analysts_and_show_no_secret(
    kafka: SecuredKafka, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are made by options; a view's text, which Spark keeps and shows, has none of them."""
    add_topics(spark, settings=ClassifierSettings(**kafka.settings("analyst")))
    for name in ("results", "dead_letters"):
        spark.table(name).limit(1).collect()  # raises for a user who may not read; rows are other tests'
    for name in ("images", "results", "dead_letters"):
        spark.table(name).explain(extended=True)
        spark.sql(f"DESCRIBE EXTENDED {name}").show(100, truncate=False)
    shown = capsys.readouterr().out
    assert "KafkaRelation(" in shown
    assert PLAIN_PART not in shown
    assert "BEGIN CERTIFICATE" not in shown


def test_a_backfill_of_the_topic_needs_no_more_rights_than_the_classifier(
    kafka: SecuredKafka, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reading's consumer groups have the classifier's prefix."""
    sent = send(kafka.broker.bootstrap_servers, [digit_png(1)[0]])
    settings = ClassifierSettings(**kafka.settings("classifier"), models_dir=MODELS)
    options = parse(["topic", "--since", "1h", "--results", "--work", str(tmp_path / "work")])
    assert backfill(spark, options, settings, Event()) == 0
    assert " images in topic results, " in capsys.readouterr().out
    assert results_of(kafka.broker.bootstrap_servers, sent)[sent[0]][0].status == "classified"
