"""Three brokers, every record on all of them: what a single one cannot show."""

import base64
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from sightline_contracts.topics import IMAGES
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings
from tests.unit.gateway.process import wait_until

_NODES = 3


class Cluster:
    """Brokers 1 to 3. Broker 1 is also the controller, without which no leader is elected: leave it alive."""

    def __init__(self, folder: Path) -> None:
        controller = free_port()
        self.brokers = {number: _broker(folder / str(number), number, controller) for number in range(1, _NODES + 1)}

    @property
    def bootstrap_servers(self) -> str:
        """All brokers."""
        return ",".join(broker.bootstrap_servers for broker in self.brokers.values())

    def start(self) -> None:
        """Start all and make the topics as in production: three replicas, two in sync for an acknowledgement."""
        for number, broker in self.brokers.items():
            if number > 1:
                _join(broker, number, self.brokers[1])
            broker.start()
        for broker in self.brokers.values():
            broker.wait_ready()
        wait_until(lambda: len(self._nodes()) == _NODES, 60)
        ensure_topics(
            TopicsSettings(
                kafka_bootstrap_servers=self.bootstrap_servers,
                topics_replication_factor=_NODES,
                topics_min_insync_replicas=_NODES - 1,
            )
        )

    def stop(self) -> None:
        """End all; the controller last, or the others would wait for it."""
        for _, broker in sorted(self.brokers.items(), reverse=True):
            broker.kill()

    def led_by(self, number: int) -> int:
        """How many partitions of `images` the broker leads; 0 while nobody can tell."""
        return [partition["leader_id"] for partition in self._partitions()].count(number)

    def in_sync(self) -> set[int]:
        """How many replicas the partitions of `images` have in sync; nothing while nobody can tell."""
        return {len(partition["isr_nodes"]) for partition in self._partitions()}

    def _nodes(self) -> list[object]:
        with closing(KafkaAdminClient(bootstrap_servers=self.brokers[1].bootstrap_servers)) as admin:
            return list(admin.describe_cluster()["brokers"])

    def _partitions(self) -> list[dict[str, Any]]:
        # It may ask a broker that is known to the cluster and does not listen yet.
        with (
            suppress(KafkaError),
            closing(KafkaAdminClient(bootstrap_servers=self.brokers[1].bootstrap_servers)) as admin,
        ):
            (topic,) = admin.describe_topics([IMAGES])
            return list(topic["partitions"])
        return []


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster with the project's topics."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _broker(folder: Path, number: int, controller: int) -> EmbeddedKafka:
    port = free_port()
    # Leaders go back to their places at once instead of within minutes, so that each broker leads something again.
    own: dict[str, object] = {"node.id": number, "leader.imbalance.check.interval.seconds": 1}
    if number > 1:
        own |= {"process.roles": "broker", "listeners": f"PLAINTEXT://127.0.0.1:{port}"}
    return EmbeddedKafka(
        folder, port, controller_port=controller, max_record_bytes=TopicsSettings().record_limit, properties=own
    )


def _join(broker: EmbeddedKafka, number: int, first: EmbeddedKafka) -> None:
    """Prepare the storage of a broker that was never started for the cluster of `first`, not for one of its own."""
    of_first = (first.data_dir / "log" / "meta.properties").read_text().splitlines()
    shared = [line for line in of_first if line.startswith(("version=", "cluster.id="))]
    folder = broker.data_dir / "log"
    folder.mkdir(parents=True)
    directory_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    lines = [*shared, f"node.id={number}", f"directory.id={directory_id}", ""]
    (folder / "meta.properties").write_text("\n".join(lines))
