"""Three replicas of which two have to be in sync: what a leader's death costs, and what happens with one left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.cluster import Cluster, running_cluster
from tests.kafka.load import assert_nothing_lost, uploading
from tests.unit.gateway.process import running_gateway, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

KILLS = 5
SLOW_S = 120  # beside other work a broker alone was seen to take 40 s until it has started


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, needs_kafka: None) -> Iterator[Cluster]:
    """Three brokers with the project's topics."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def test_leaders_die_under_load_and_nothing_accepted_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    """Another replica leads after seconds, so uploads wait and go on although the dead broker stays away."""
    with running_gateway(cluster.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        with uploading(gateway.url) as load:
            for kill in range(KILLS):
                victim = 2 + kill % 2
                wait_until(lambda: cluster.led_by(victim), SLOW_S)  # noqa: B023 - it is asked here and now
                cluster.brokers[victim].kill()
                load.await_more(100, SLOW_S)
                cluster.brokers[victim].start()
                wait_until(lambda: cluster.in_sync() == {3}, SLOW_S)
            load.await_quick()
    assert_nothing_lost(load, cluster.bootstrap_servers)


def test_with_too_few_replicas_in_sync_nothing_is_accepted_until_they_are_back(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The one that is left has the records, but its death would lose them: the answer is 503, never 202."""
    with running_gateway(cluster.bootstrap_servers, tmp_path) as gateway:
        gateway.wait_ready()
        with uploading(gateway.url) as load:
            load.await_more(50)
            for number in (2, 3):
                cluster.brokers[number].kill()
            wait_until(lambda: cluster.in_sync() == {1}, SLOW_S)
            wait_until(load.refused.total, SLOW_S)
            promised, refused = len(load.accepted), load.refused.total()
            wait_until(lambda: load.refused.total() >= refused + 8, SLOW_S)
            assert len(load.accepted) == promised
            for number in (2, 3):
                cluster.brokers[number].start()
            load.await_more(50, SLOW_S)
    assert_nothing_lost(load, cluster.bootstrap_servers)
