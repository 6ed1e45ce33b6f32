"""The classifier's metrics under the continuous trigger."""

import time
from pathlib import Path

import pytest

from sightline_local.kafka import EmbeddedKafka
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import digit_png
from tests.unit.gateway.process import wait_until

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(400)]

DIGITS = [digit_png(index)[0] for index in range(5)]


def test_a_continuous_query_has_progress_and_no_backlog(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """Spark reports nothing of it: every image seemed to wait for ever, and every alert about it would have fired."""
    kafka = broker.bootstrap_servers
    with classifier(kafka, tmp_path, "--trigger", "continuous") as process:
        wait_until(lambda: _value(process, "last_progress_timestamp_seconds") > 0, deadline_s=60)
        counted = _value(process, "images_total")
        assert all(results_of(kafka, send(kafka, DIGITS)).values())
        wait_until(lambda: _value(process, "images_total") == counted + len(DIGITS), deadline_s=60)
        assert _value(process, "lag_records") == 0
        wait_until(lambda: _value(process, "oldest_unread_seconds") == 0, deadline_s=60)
        assert time.time() - _value(process, "last_progress_timestamp_seconds") < 60


def _value(process: ClassifierProcess, name: str) -> float:
    return process.metric(f"sightline_classifier_{name}")
