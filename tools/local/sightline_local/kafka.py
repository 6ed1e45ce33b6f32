"""A real Kafka broker on this machine, without a container: KRaft, one node, loopback only."""

import base64
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, record_limit
from sightline_local.check import INSTALL_JAVA, find_java
from sightline_local.errors import LocalError
from sightline_local.jars import KAFKA_PROJECT, kafka_jars
from sightline_local.ports import free_port, is_listening, wait_port_closed

# Enough for four partitions of 10 MiB records; the broker's data lives in the page cache, not in its heap.
HEAP = "512m"
# The largest request a client may send (Kafka's own default), and the bytes of requests that may queue: the second
# must not be smaller than the first, and both must stay well below the heap.
REQUEST_BYTES = 100 * 1024 * 1024
QUEUED_BYTES = 128 * 1024 * 1024

READY_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0
DEFAULT_RECORD_BYTES = record_limit(DEFAULT_MAX_IMAGE_BYTES)


class EmbeddedKafka:
    """One broker whose data stays in `data_dir`: stop it, kill it, start it again, and the records are still there.

    `max_record_bytes` is the largest record batch the broker takes; `properties` are further or other lines of its
    server.properties, which must keep a listener without TLS on `port`. Not thread-safe.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        controller_port: int | None = None,
        max_record_bytes: int = DEFAULT_RECORD_BYTES,
        properties: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self._controller_port = controller_port
        self._max_record_bytes = max_record_bytes
        self._further = properties
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """What clients are given: `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        """Where a broker started by `start()` writes what it prints."""
        return self.data_dir / "broker.log"

    @property
    def pid(self) -> int | None:
        """Process id of the running broker, None when it does not run."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process started here is alive (which says nothing of its readiness)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return at once; see wait_ready(). Raises LocalError when Java or Maven is missing."""
        if self.running:
            return
        command = self.prepare()
        with self.log_file.open("ab") as log:
            # Its own session: Ctrl-C in a terminal must reach the broker's clients first, not the broker.
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def wait_ready(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Return once the broker serves requests. Raises LocalError with the log's end when it exits or is late."""
        end = time.monotonic() + deadline_s
        while not serves_kafka(self.port):
            if not self.running:
                raise LocalError(f"Kafka stopped while starting; the end of {self.log_file}:\n{self._log_tail()}")
            if time.monotonic() > end:
                raise LocalError(
                    f"Kafka is not ready after {deadline_s:.0f} s; see {self.log_file}:\n{self._log_tail()}"
                )
            time.sleep(0.1)

    def stop(self, deadline_s: float = STOP_DEADLINE_S) -> None:
        """Stop cleanly (SIGTERM); kill what is still there at the deadline. Does nothing when it does not run."""
        self._end(signal.SIGTERM, deadline_s)

    def kill(self) -> None:
        """SIGKILL, as a crash or the out-of-memory killer would."""
        self._end(signal.SIGKILL, STOP_DEADLINE_S)

    def run_in_foreground(self) -> None:
        """Become the broker: replaces this process, so a supervisor's signals reach the JVM itself. Never returns."""
        command = self.prepare()
        os.execv(command[0], command)  # noqa: S606

    def prepare(self) -> list[str]:
        """Write the configuration, format the storage once, and return the command that runs the broker."""
        java = self._java()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = self.data_dir / "server.properties"
        config.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        if not (self._log_dir / "meta.properties").is_file():
            self._format(java, config)
        return [*java, "kafka.Kafka", str(config)]

    @property
    def _log_dir(self) -> Path:
        return self.data_dir / "log"

    def _java(self) -> list[str]:
        java = find_java()
        if java is None:
            raise LocalError(f"Java is missing: {INSTALL_JAVA}")
        options = [f"-Xmx{HEAP}", "-Xms128m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError"]
        logging = f"-Dlog4j2.configurationFile={KAFKA_PROJECT / 'log4j2.properties'}"
        return [java, *options, "-Djava.net.preferIPv4Stack=true", logging, "-cp", f"{kafka_jars()}/*"]

    def _format(self, java: list[str], config: Path) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ["format", "--ignore-formatted", f"--cluster-id={cluster_id}", "--config", str(config)]
        done = subprocess.run(
            [*java, "kafka.tools.StorageTool", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise LocalError(f"Kafka's storage could not be prepared in {self.data_dir}:\n{done.stdout}{done.stderr}")

    def _properties(self) -> dict[str, object]:
        controller = self._controller_port = self._controller_port or free_port()
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": self._log_dir,
            "auto.create.topics.enable": "false",
            "message.max.bytes": self._max_record_bytes,
            "replica.fetch.max.bytes": self._max_record_bytes,
            "socket.request.max.bytes": REQUEST_BYTES,
            "queued.max.request.bytes": QUEUED_BYTES,
            **_ONE_NODE,
            **self._further,
        }

    def _end(self, how: signal.Signals, deadline_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_DEADLINE_S)
        wait_port_closed(self.port, STOP_DEADLINE_S)

    def _log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


# Internal topics with one replica and few partitions, no rebalance delay for the first member of a group, and
# buffers sized for one developer instead of a cluster.
_ONE_NODE: dict[str, object] = {
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    # After kill -9 the controller refuses the new process until the old one's session ends: 9 s by default. Shorter
    # than this and a busy laptop's pauses would fence a living broker.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 4,
}


def serves_kafka(port: int) -> bool:
    """Whether a broker answers there and has taken itself into the cluster (before that it can create no topic)."""
    # The client leaks the sockets of attempts that were refused, so it only gets to try when somebody listens.
    if not is_listening(port):
        return False
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=5000)
    except (KafkaError, OSError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()
