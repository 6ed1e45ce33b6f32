"""The whole system as the tests see it: started by the command that people use, on ports and in a folder of its own."""

import gc
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from kafka import KafkaConsumer, TopicPartition

from sightline_bridge.framing import FRAMINGS
from sightline_bridge.sender import Sent, send_frames
from sightline_local.ports import free_port
from sightline_local.samples import Sample
from sightline_local.supervisor import ProgramState, Supervisor

T = TypeVar("T")
UP_DEADLINE_S = 240
_PORTS = (
    "LOCAL_KAFKA_CONTROLLER_PORT",
    "GATEWAY_PORT",
    "BRIDGE_PORT",
    "BRIDGE_MANAGEMENT_PORT",
    "CLASSIFIER_MANAGEMENT_PORT",
)


@dataclass(frozen=True, slots=True)
class System:
    """One run of everything. `environment` holds its settings, as a user would export them."""

    state_dir: Path
    environment: dict[str, str]

    @classmethod
    def in_folder(cls, state_dir: Path) -> "System":
        """Settings with free ports; nothing is started."""
        settings = {f"SIGHTLINE_{name}": str(free_port()) for name in _PORTS}
        settings |= {
            "SIGHTLINE_LOCAL_STATE_DIR": str(state_dir),
            "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
            # Many small micro-batches, so that a crash finds most of a burst still waiting.
            "SIGHTLINE_CLASSIFIER_MAX_OFFSETS_PER_TRIGGER": "32",
        }
        return cls(state_dir, settings)

    def command(self, *arguments: str, deadline_s: float = UP_DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Run `sightline-local` and return what it printed."""
        return subprocess.run(
            [sys.executable, "-m", "sightline_local", *arguments],
            env={name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
            | self.environment,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.port('GATEWAY_PORT')}"

    @property
    def bootstrap_servers(self) -> str:
        """The broker."""
        return self.environment["SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def supervisor(self) -> Supervisor:
        """The run's supervisor."""
        return Supervisor(self.state_dir)

    def port(self, name: str) -> int:
        """A port by the end of its setting's name."""
        return int(self.environment[f"SIGHTLINE_{name}"])

    def state(self, program: str) -> ProgramState:
        """What the supervisor says of a program now."""
        return next(state for state in self.supervisor.states() if state.name == program)

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """A client of the gateway."""
        with httpx.Client(base_url=self.url, timeout=70, trust_env=False) as client:
            yield client

    def send_frames(self, *samples: Sample) -> Sent:
        """Send pictures to the bridge over one connection."""
        address = ("127.0.0.1", self.port("BRIDGE_PORT"))
        return send_frames(address, [(sample.name, sample.data) for sample in samples], FRAMINGS["fixed28"])

    def bridge_metric(self, sample: str) -> float:
        """The value of one of the bridge's metrics, named with its labels as /metrics prints it."""
        url = f"http://127.0.0.1:{self.port('BRIDGE_MANAGEMENT_PORT')}/metrics"
        lines = httpx.get(url, trust_env=False).text.splitlines()
        return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(f"{sample} ")))

    def records(self, topic: str) -> list[Any]:
        """Every record that is in the topic now, from the earliest."""
        return records_of(self.bootstrap_servers, topic)


def records_of(bootstrap_servers: str, topic: str) -> list[Any]:
    """Every record that is in the broker's topic now, from the earliest."""
    with _unfinished_connections_collected(), closing(KafkaConsumer(bootstrap_servers=bootstrap_servers)) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: list[Any] = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                found += records
        return found


@contextmanager
def _unfinished_connections_collected() -> Iterator[None]:
    """A consumer that is closed while it connects once more leaves that socket to the garbage collector."""
    gc.collect()  # what others left behind still shows
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


def post(http: httpx.Client, sample: Sample, *, wait_s: int = 0, **parameters: str) -> httpx.Response:
    """Upload one picture, and with `wait_s` wait for its result."""
    headers = {"Content-Type": sample.content_type, "X-Image-Name": sample.name}
    if wait_s:
        headers["Prefer"] = f"wait={wait_s}"
    return http.post("/v1/images", params=parameters, content=sample.data, headers=headers)


def eventually(probe: Callable[[], T | Literal[False] | None], deadline_s: float, what: str) -> T:
    """The first value of `probe` that is true. Fails the test when there is none by the deadline."""
    end = time.monotonic() + deadline_s
    while not (value := probe()):
        assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.1)
    return value
