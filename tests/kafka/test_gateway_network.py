"""The gateway on a bad network: a slow line that loses packets, and a name service that does not answer."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from sightline_local.kafka import EmbeddedKafka
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings
from tests.kafka.link import Link, distant_kafka
from tests.kafka.load import assert_nothing_lost, uploading
from tests.unit.gateway.process import image_bytes, running_gateway, wait_until

pytestmark = pytest.mark.kafka

UPLOADS: Final = 100
START_LINES: Final = 10  # of log, whatever happens

Distant = tuple[EmbeddedKafka, Link, str]


@pytest.fixture(scope="module")
def distant(tmp_path_factory: pytest.TempPathFactory, needs_kafka: None) -> Iterator[Distant]:
    """A broker, the line to it, and its address as clients are told it."""
    with distant_kafka(tmp_path_factory.mktemp("distant")) as (broker, link):
        address = f"localhost:{link.port}"
        ensure_topics(TopicsSettings(kafka_bootstrap_servers=address))
        yield broker, link, address


def test_a_slow_and_lossy_line_to_kafka_costs_time_and_nothing_else(distant: Distant, tmp_path: Path) -> None:
    """100 ms a round trip and 1 % of packets lost: every upload is accepted, and all is quick again afterwards."""
    _, link, address = distant
    with running_gateway(address, tmp_path) as gateway:
        gateway.wait_ready()
        with uploading(gateway.url, noise=200) as load:
            load.await_more(UPLOADS)
            link.latency_s, link.loss = 0.05, 0.01
            try:
                load.await_more(8)  # those that were under way
                first = len(load.seconds)
                load.await_more(UPLOADS, 120)
                slow = load.seconds[first:]
            finally:
                link.latency_s, link.loss = 0.0, 0.0
            load.await_quick()
    assert median(slow) >= 2 * 0.05
    assert (load.refused, load.broken) == ({}, 0)
    assert_nothing_lost(load, address)


def test_a_name_service_that_is_away_is_told_and_outlived(
    distant: Distant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and again when connections break: nothing accepted is lost, and all goes on by itself."""
    broker, _, address = distant
    names = NameService(tmp_path / "names")
    monkeypatch.setenv("PYTHONPATH", str(names.folder))
    names.stop()
    with running_gateway(address, tmp_path) as gateway:
        began = time.monotonic()
        wait_until(lambda: "has no address" in gateway.checks()["kafka producer"]["reason"])
        refused = gateway.client.post("/v1/images", content=image_bytes())
        assert (refused.status_code, refused.json()["code"]) == (503, "kafka-unavailable")
        names.start()
        gateway.wait_ready()
        with uploading(gateway.url) as load:
            load.await_more(UPLOADS)
            names.stop()
            broker.stop()
            broker.start()
            broker.wait_ready()
            wait_until(load.refused.total, 40)
            names.start()
            load.await_more(UPLOADS)
            load.await_quick()
        assert gateway.log().count("\n") <= time.monotonic() - began + START_LINES
        assert load.broken == 0
    assert_nothing_lost(load, address)


class NameService:
    """What Python processes with `folder` in PYTHONPATH ask for the address of `localhost`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._away = folder / "away"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(
            "import os, socket\n"
            "look_up = socket.getaddrinfo\n"
            "def getaddrinfo(host, *arguments, **options):\n"
            f"    if host == 'localhost' and os.path.exists({str(self._away)!r}):\n"
            "        raise socket.gaierror(socket.EAI_AGAIN, 'Temporary failure in name resolution')\n"
            "    return look_up(host, *arguments, **options)\n"
            "socket.getaddrinfo = getaddrinfo\n"
        )

    def start(self) -> None:
        """Answer."""
        self._away.unlink()

    def stop(self) -> None:
        """Answer nobody."""
        self._away.touch()
