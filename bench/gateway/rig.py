"""How a client is sent to the gateway that is measured."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from bench.gateway.client import Outcome, Plan
from bench.services.rig import Rig, run_load

CLIENTS: Final = 64


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
    arguments = [address, *map(str, files)]
    options = ("--clients", "--seconds", "--warm-up", "--rate", "--uploads")
    for option, value in zip(options, astuple(plan), strict=True):
        arguments += [] if value is None else [option, str(value)]
    return Outcome(**run_load("bench.gateway.client", arguments))


def take_turn(rig: Rig, files: Sequence[Path], plan: Plan) -> Turn:
    """One turn of a client against the shared gateway. Raises SystemExit unless every upload was accepted."""
    before = rig.processor_seconds()
    outcome = run_client(rig.service.address, files, plan)
    gateway_s, broker_s = (now - was for now, was in zip(rig.processor_seconds(), before, strict=True))
    if set(outcome.statuses) != {"202"}:
        raise SystemExit(f"answers other than 202: {outcome.statuses}")
    return Turn(outcome, gateway_s * 1000 / outcome.sent, broker_s * 1000 / outcome.sent)
