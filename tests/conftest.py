"""Fixtures that several suites share: a real Kafka broker with the project's topics."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from kafka import KafkaAdminClient

from sightline_local.check import INSTALL_JAVA, INSTALL_MAVEN, find_java, find_maven
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings

# An example that takes long says that the machine is busy, and nothing of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def _require_kafka() -> None:
    if find_java() is None:
        pytest.skip(f"needs Java 17: {INSTALL_JAVA}")
    if find_maven() is None:
        pytest.skip(f"needs Maven: {INSTALL_MAVEN}")


@contextmanager
def _running_broker(folder: Path) -> Iterator[EmbeddedKafka]:
    _require_kafka()
    record_limit = TopicsSettings().record_limit
    broker = EmbeddedKafka(folder, free_port(), max_record_bytes=record_limit)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()


def _create_topics(broker: EmbeddedKafka) -> None:
    ensure_topics(TopicsSettings(kafka_bootstrap_servers=broker.bootstrap_servers))


def _delete_topics(broker: EmbeddedKafka) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:

        def left() -> list[str]:
            return [name for topic in admin.describe_topics() if not (name := topic["name"]).startswith("__")]

        admin.delete_topics(left())
        end = time.monotonic() + 30
        while left():
            assert time.monotonic() < end, f"topics are still there: {left()}"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def needs_kafka() -> None:
    """Skips where no broker can run; for fixtures that start brokers of their own."""
    _require_kafka()


@pytest.fixture(scope="session")
def _shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with _running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="module")
def broker(_shared_broker: EmbeddedKafka) -> Iterator[EmbeddedKafka]:
    """A broker with fresh topics for each test file. Do not stop it, and expect other tests' records of the file.

    Fresh, because what one file writes on purpose (a record of another schema, say) is a failure in another.
    """
    _create_topics(_shared_broker)
    yield _shared_broker
    _delete_topics(_shared_broker)


@pytest.fixture
def changeable_broker(broker: EmbeddedKafka) -> Iterator[EmbeddedKafka]:
    """The file's broker; the test may change the topics, which are made anew behind it."""
    yield broker
    _delete_topics(broker)
    _create_topics(broker)


@pytest.fixture
def restartable_broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker of the test's own, topics created: `stop()`, `kill()`, then `start()` and `wait_ready()` at will."""
    with _running_broker(tmp_path / "kafka") as broker:
        _create_topics(broker)
        yield broker
