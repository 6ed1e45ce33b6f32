"""The classifier process on a real broker: from Kafka to Kafka, stopped, killed and started again."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from sightline_contracts.topics import IMAGES
from sightline_local.kafka import EmbeddedKafka
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings
from tests.repeats import say_the_same
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import digit_png

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(600)]

DIGITS = [digit_png(index)[0] for index in range(20)]


def test_stops_cleanly_and_resumes(broker: EmbeddedKafka, tmp_path: Path) -> None:
    kafka = broker.bootstrap_servers
    with classifier(kafka, tmp_path) as first:
        before = send(kafka, [*DIGITS, b"no image"])
        results = results_of(kafka, before)
        assert {len(found) for found in results.values()} == {1}
        assert [results[image][0].status for image in before] == ["classified"] * 20 + ["failed"]
        _until(lambda: first.metric("sightline_classifier_images_total") >= 21)
        _until(lambda: first.metric("sightline_classifier_lag_records") == 0)
        refused_by_lock(kafka, tmp_path)
        first.process.send_signal(signal.SIGTERM)
        assert first.wait_end() == 0
    assert "NO CHECKPOINT" in first.log.read_text()

    while_stopped = send(kafka, DIGITS)
    with classifier(kafka, tmp_path) as second:
        assert all(results_of(kafka, while_stopped).values())
        # Positions are saved once a second: what was long done before the stop is not done again.
        assert {len(found) for found in results_of(kafka, before).values()} == {1}
        second.process.send_signal(signal.SIGTERM)
        assert second.wait_end() == 0
    assert "NO CHECKPOINT" not in second.log.read_text()


def refused_by_lock(kafka: str, folder: Path) -> None:
    """A second driver on the same checkpoint would write the first one's positions."""
    second = ClassifierProcess(kafka, folder)
    assert second.wait_end() == 1
    (line,) = second.log.read_text().splitlines()
    assert "another classifier (process " in line


def test_killed_with_images_in_flight_loses_none(broker: EmbeddedKafka, tmp_path: Path) -> None:
    kafka = broker.bootstrap_servers
    with classifier(kafka, tmp_path) as first:
        results_of(kafka, send(kafka, DIGITS))
        accepted = send(kafka, DIGITS * 25)
        first.process.kill()
        first.process.wait()

    with classifier(kafka, tmp_path) as second:
        results = results_of(kafka, accepted)
        second.process.send_signal(signal.SIGTERM)
        assert second.wait_end() == 0

    assert [image for image in accepted if not results[image]] == []
    for found in results.values():
        assert say_the_same([asdict(result) for result in found])


def test_a_topic_made_anew_is_not_read_at_the_old_position(restartable_broker: EmbeddedKafka, tmp_path: Path) -> None:
    """Spark went on at the old offset: what the new topic held before it was never classified, without a word."""
    kafka = restartable_broker.bootstrap_servers
    with classifier(kafka, tmp_path) as first:
        results_of(kafka, send(kafka, DIGITS))
        first.process.send_signal(signal.SIGTERM)
        assert first.wait_end() == 0
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        admin.delete_topics([IMAGES])
        _until(lambda: IMAGES not in admin.list_topics())
    ensure_topics(TopicsSettings(kafka_bootstrap_servers=kafka))
    send(kafka, DIGITS * 2)
    second = ClassifierProcess(kafka, tmp_path)
    assert second.wait_end() == 1
    assert "topic images was deleted and made anew" in second.log.read_text().splitlines()[-1]


def test_continuous_trigger(broker: EmbeddedKafka, tmp_path: Path) -> None:
    kafka = broker.bootstrap_servers
    with classifier(kafka, tmp_path, "--trigger", "continuous") as process:
        sent = send(kafka, [*DIGITS, b"no image"])
        results = results_of(kafka, sent)
        assert [results[image][0].status for image in sent if results[image]] == ["classified"] * 20 + ["failed"]
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0


def test_waits_for_kafka_and_can_be_stopped_meanwhile(tmp_path: Path) -> None:
    process = ClassifierProcess("127.0.0.1:1", tmp_path)
    try:
        _until(lambda: "waiting: Kafka at 127.0.0.1:1 does not answer" in process.log.read_text())
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
    finally:
        process.process.kill()
        process.process.wait()


def test_missing_engine_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_ENGINE_DIR", str(tmp_path))
    process = ClassifierProcess("127.0.0.1:1", tmp_path)
    assert process.wait_end() == 1
    assert "run `make engine`" in process.log.read_text().splitlines()[-1]


def test_missing_default_model_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_DEFAULT_MODEL", "nope")
    process = ClassifierProcess("127.0.0.1:1", tmp_path)
    assert process.wait_end() == 1
    assert "SIGHTLINE_DEFAULT_MODEL=nope cannot be used: model nope is not installed" in process.log.read_text()


def test_help_names_every_variable() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "sightline_spark", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--trigger {processing,continuous}" in text
    assert "SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR" in text


def _until(true: Callable[[], bool], deadline_s: float = 120.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)
