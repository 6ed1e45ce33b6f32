"""What our network client keeps while kafka-python asks it for connections."""

import time

import pytest

from sightline_common.kafka_client import KafkaClient, _Connections
from sightline_common.settings import KafkaSettings
from sightline_local.ports import free_port


def test_a_connection_that_is_asked_for_again_and_again_keeps_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """It kept an entry for each time: 12 MB in the seconds for which a broker stood still, and one for each request."""
    heard: list[BaseException] = []
    monkeypatch.setattr(_Connections, "_remember", lambda _, failure: heard.append(failure))
    settings = KafkaSettings(kafka_bootstrap_servers=f"127.0.0.1:{free_port()}")
    client = KafkaClient(client_id="test", **settings.client_options())
    try:
        node = client.cluster.bootstrap_brokers()[0].node_id
        (connection,) = {client._manager.get_connection(node) for _ in range(100)}
        deadline = time.monotonic() + 10
        while not connection.close_future.is_done:
            assert time.monotonic() < deadline
            client.poll(timeout_ms=10)
        assert 1 <= len(heard) <= 2  # it was not made, and it has ended
    finally:
        client.close()
