"""What the parts of a benchmark share: one broker, one service on it, a rival, and how a load is sent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.engine.context import ROOT
from bench.services.process import ServiceProcess
from bench.services.producer import Tool
from bench.stream import cpu_seconds
from sightline_local.kafka import EmbeddedKafka

LOAD_DEADLINE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Rig:
    """The broker and the service that serve all parts, a folder to write to, and how long to measure."""

    kafka: EmbeddedKafka
    service: ServiceProcess
    tool: Tool
    folder: Path
    rounds: int
    seconds: float

    def say(self, line: str) -> None:
        """Tell of progress."""
        print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)

    @property
    def broker_pid(self) -> int:
        """The broker's process. Raises SystemExit when it has ended."""
        if self.kafka.pid is None:
            raise SystemExit("the broker is gone")
        return self.kafka.pid

    def processor_seconds(self) -> tuple[float, float]:
        """What the service and the broker have taken of processors until now, all their threads."""
        return cpu_seconds({self.service.pid}), cpu_seconds({self.broker_pid})


@contextmanager
def paused(rig: Rig) -> Iterator[None]:
    """The broker stands still: its sockets stay open, and nothing is answered."""
    pid = rig.broker_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def load_program(module: str, arguments: Sequence[str]) -> list[str]:
    """The command of a load."""
    return [sys.executable, "-m", module, *arguments]


def run_load(module: str, arguments: Sequence[str]) -> dict[str, Any]:
    """The outcome of a load, which a process of its own prints as JSON. Raises SystemExit when it fails."""
    program = load_program(module, arguments)
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LOAD_DEADLINE_S, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the load ended with status {done.returncode}")
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome
