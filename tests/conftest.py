"""Fixtures that several suites share: a real Kafka broker with the project's topics."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_local.check import INSTALL_JAVA, INSTALL_MAVEN, find_java, find_maven
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings


def _require_kafka() -> None:
    if find_java() is None:
        pytest.skip(f"needs Java 17: {INSTALL_JAVA}")
    if find_maven() is None:
        pytest.skip(f"needs Maven: {INSTALL_MAVEN}")


def _running_broker(folder: Path) -> Iterator[EmbeddedKafka]:

    _require_kafka()
    record_limit = TopicsSettings().record_limit
    broker = EmbeddedKafka(folder, free_port(), max_record_bytes=record_limit)
    broker.start()
    try:
        broker.wait_ready()
        ensure_topics(TopicsSettings(kafka_bootstrap_servers=broker.bootstrap_servers))
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One broker for the whole run, topics created. Do not stop it, and expect other tests' records in it."""
    yield from _running_broker(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def restartable_broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker of the test's own, topics created: `stop()`, `kill()`, then `start()` and `wait_ready()` at will."""
    yield from _running_broker(tmp_path / "kafka")
