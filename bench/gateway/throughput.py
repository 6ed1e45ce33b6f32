"""Uploads a second through one gateway process beside what ProducerPerformance sends to the same broker."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.engine.report import Figure, Report, Table, number
from bench.engine.rounds import Rates, interleaved, ratio
from bench.gateway.client import Plan
from bench.gateway.rig import CLIENTS, Turn, take_turn
from bench.services.bodies import write_photos
from bench.services.counting import Records
from bench.services.producer import payload_file
from bench.services.rig import Rig

GOAL: Final = 0.6  # at 100 kB
WARM_UP_S: Final = 1.0
OURS: Final = "Sightline gateway, 64 clients"
MADE_UP: Final = "ProducerPerformance"
PREPARED: Final = "ProducerPerformance, records prepared"
# A producer sends some 80 MB/s here: a turn of it takes about as long as one of ours.
_WARM_UP_BYTES: Final = 60_000_000
_BYTES: Final = 300_000_000

Names = dict[str, list[float]]


def measure(rig: Rig, report: Report, size: int, name: str) -> Report:
    """The three take turns, every other round in reverse. Raises SystemExit when one of them fails."""
    files, turns = write_photos(rig.folder, size), list[Turn]()
    warm(rig, files)
    records = Records(size, _WARM_UP_BYTES // size, _BYTES // size)
    payloads = payload_file(rig.folder, size)
    produce = partial(rig.tool.produce, rig.kafka.bootstrap_servers, records)
    contenders = {
        OURS: partial(_upload, rig, files, turns),
        MADE_UP: produce,
        PREPARED: partial(produce, payloads),
    }
    rates = interleaved({who: partial(_told, rig, name, who, what) for who, what in contenders.items()}, rig.rounds)
    return replace(report, figures=figures(name, rates, turns), tables=(table(size, rates, turns),))


def warm(rig: Rig, files: Sequence[Path]) -> None:
    """Uploads that count for nothing: the gateway has met this size before it is measured."""
    take_turn(rig, files, Plan(CLIENTS, seconds=2 * WARM_UP_S))


def figures(name: str, rates: Rates, turns: Sequence[Turn]) -> tuple[Figure, ...]:
    """The ratios of one size, and what an upload takes of a processor."""
    goal = GOAL if name == "100kb" else None
    return (
        Figure(f"gateway-{name}-rate", median(rates[OURS]), "uploads/s"),
        Figure(f"gateway-{name}-to-producer", ratio(rates, OURS, MADE_UP), "x", goal),
        Figure(f"gateway-{name}-to-producer-prepared", ratio(rates, OURS, PREPARED), "x"),
        Figure(f"gateway-{name}-cpu", median(turn.gateway_ms for turn in turns), "ms"),
        Figure(f"gateway-{name}-client-busy", median(busy(turn) for turn in turns), "processors"),
    )


def busy(turn: Turn) -> float:
    """How much of a processor the client took: near 1 it would be what is measured."""
    return turn.client_ms * turn.outcome.rate / 1000


def table(size: int, rates: Rates, turns: Sequence[Turn]) -> Table:
    """All contenders of one size."""
    rows = []
    for who, seen in rates.items():
        spent = [""] * 3
        if who == OURS:
            each = zip(*((turn.gateway_ms, turn.broker_ms, turn.client_ms) for turn in turns), strict=True)
            spent = [number(median(values)) for values in each]
        span = f"{number(min(seen))} to {number(max(seen))}"
        rows.append((who, number(median(seen)), number(median(seen) * size / 1e6), span, *spent))
    header = (f"{size / 1000:g} kB an upload", "uploads/s", "MB/s", "rounds", "gateway, ms", "broker, ms", "client, ms")
    return Table(header, tuple(rows))


def _upload(rig: Rig, files: Sequence[Path], turns: list[Turn]) -> float:
    turns.append(take_turn(rig, files, Plan(CLIENTS, rig.seconds, WARM_UP_S)))
    return turns[-1].outcome.rate


def _told(rig: Rig, name: str, who: str, what: "partial[float]") -> float:
    rate = what()
    rig.say(f"{name}: {who}: {number(rate)} a second")
    return rate
