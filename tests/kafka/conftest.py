"""What the tests on a real broker share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_local.kafka import EmbeddedKafka
from tests.unit.gateway.process import GatewayProcess, running_gateway


@pytest.fixture
def gateway(broker: EmbeddedKafka, tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway of the test's own on its broker."""
    with running_gateway(broker.bootstrap_servers, tmp_path) as started:
        started.wait_ready()
        yield started
