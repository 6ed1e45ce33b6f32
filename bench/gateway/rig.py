"""What the parts of the benchmark share: one broker, one gateway on it, and how a client is sent to it."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from bench.engine.context import ROOT
from bench.gateway.client import Outcome, Plan
from bench.gateway.process import GatewayProcess
from bench.gateway.producer import Tool
from bench.stream import cpu_seconds
from sightline_local.kafka import EmbeddedKafka

CLIENTS: Final = 64
CLIENT_DEADLINE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Rig:
    """The broker and the gateway that serve all parts, a folder to write to, and how long to measure."""

    kafka: EmbeddedKafka
    gateway: GatewayProcess
    tool: Tool
    folder: Path
    rounds: int
    seconds: float

    def say(self, line: str) -> None:
        """Tell of progress."""
        print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client saw, and the processor time (ms an upload) that each process took."""

    outcome: Outcome
    gateway_ms: float
    broker_ms: float

    @property
    def client_ms(self) -> float:
        """The client's own."""
        return self.outcome.cpu_s * 1000 / self.outcome.sent


def run_client(address: str, files: Sequence[Path], plan: Plan) -> Outcome:
    """Let a client process do what `plan` says. Raises SystemExit when it fails."""
    program = [sys.executable, "-m", "bench.gateway.client", address, *map(str, files)]
    options = ("--clients", "--seconds", "--warm-up", "--rate", "--uploads")
    for option, value in zip(options, astuple(plan), strict=True):
        program += [] if value is None else [option, str(value)]
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=CLIENT_DEADLINE_S, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the client ended with status {done.returncode}")
    return Outcome(**json.loads(done.stdout))


def take_turn(rig: Rig, files: Sequence[Path], plan: Plan) -> Turn:
    """One turn of a client against the shared gateway. Raises SystemExit unless every upload was accepted."""
    if rig.kafka.pid is None:
        raise SystemExit("the broker is gone")
    watched = [{rig.gateway.pid}, {rig.kafka.pid}]
    before = [cpu_seconds(pids) for pids in watched]
    outcome = run_client(rig.gateway.address, files, plan)
    gateway_s, broker_s = (cpu_seconds(pids) - was for pids, was in zip(watched, before, strict=True))
    if set(outcome.statuses) != {"202"}:
        raise SystemExit(f"answers other than 202: {outcome.statuses}")
    return Turn(outcome, gateway_s * 1000 / outcome.sent, broker_s * 1000 / outcome.sent)
