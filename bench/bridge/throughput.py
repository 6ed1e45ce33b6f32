"""Frames a second through one bridge process beside what ProducerPerformance sends to the same broker."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.bridge.load import Outcome
from bench.engine.context import ROOT
from bench.engine.report import Figure, Report, Table, number
from bench.engine.rounds import Rates, interleaved, ratio
from bench.services.bodies import write_photos
from bench.services.counting import Records, gauge, images_topic, rate_after, topic_like_images
from bench.services.producer import payload_file
from bench.services.rig import Rig, load_program

GOAL: Final = 0.8  # at 100 kB
# Its documentation's table of throughputs, TCP to a sink that drops all: https://vector.dev (86 MiB/s).
VECTOR_BYTES_PER_S: Final = 86 * 1024 * 1024
CONNECTIONS: Final = (1, 16)
MADE_UP: Final = "ProducerPerformance"
PREPARED: Final = "ProducerPerformance, records prepared"
BARE: Final = "kafka-python alone, records prepared"
WARM_UP_BYTES: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Turn:
    """Frames a second by the broker's count, and the processor time (ms a frame) that each process took."""

    rate: float
    bridge_ms: float
    broker_ms: float
    load_ms: float


Turns = dict[str, list[Turn]]


def ours(connections: int) -> str:
    """The name of the bridge with so many connections."""
    return f"Sightline bridge, {connections} connection{'s' * (connections > 1)}"


def measure(rig: Rig, report: Report, size: int, name: str) -> Report:
    """All take turns, every other round in reverse. Raises SystemExit when one of them fails."""
    files, turns = write_photos(rig.folder, size), Turns()
    records = Records.of(size, rig.seconds, WARM_UP_BYTES)
    send(rig, files, 16, Records(size, 0, records.warm_up))
    contenders: dict[str, Callable[[], float]] = {
        ours(count): partial(send_in_turn, rig, files, count, records, (turns, ours(count))) for count in CONNECTIONS
    }
    produce = partial(rig.tool.produce, rig.kafka.bootstrap_servers, records)
    contenders |= {
        MADE_UP: produce,
        PREPARED: partial(produce, payload_file(rig.folder, size)),
        BARE: partial(_bare, rig, files, records, turns),
    }
    turning = {who: partial(told, rig, name, who, what) for who, what in contenders.items()}
    rates = interleaved(turning, rig.rounds)
    return replace(report, figures=figures(name, size, rates, turns), tables=(table(size, rates, turns),))


def send(rig: Rig, files: Sequence[Path], connections: int, records: Records, *options: str) -> Turn:
    """One turn of the load. Raises SystemExit unless Kafka has every frame and every connection was confirmed."""
    arguments = [rig.service.address, *map(str, files), "--connections", str(connections), *options]
    program = load_program("bench.bridge.load", [*arguments, "--frames", str(records.total)])
    before = rig.processor_seconds()
    with (
        gauge(rig.kafka.bootstrap_servers, images_topic()) as counted,
        subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process,
    ):
        samples = list(counted.samples(records.total, lambda: process.poll() is not None))
        printed, _ = process.communicate()
    bridge_s, broker_s = (now - was for now, was in zip(rig.processor_seconds(), before, strict=True))
    if process.returncode != 0:
        raise SystemExit(f"the load ended with status {process.returncode}")
    outcome = Outcome(**json.loads(printed))
    if samples[-1][1] != outcome.frames or outcome.confirmed != connections:
        raise SystemExit(f"Kafka has {samples[-1][1]} records more: {outcome}")
    rate = rate_after(samples, records.warm_up)
    bridge_ms, broker_ms, load_ms = (spent * 1000 / outcome.frames for spent in (bridge_s, broker_s, outcome.cpu_s))
    return Turn(rate, bridge_ms, broker_ms, load_ms)


def send_in_turn(
    rig: Rig, files: Sequence[Path], connections: int, records: Records, entry: tuple[Turns, str], *options: str
) -> float:
    """`send`, entered in the turns of a contender; gives its rate."""
    turn, (turns, who) = send(rig, files, connections, records, *options), entry
    turns.setdefault(who, []).append(turn)
    return turn.rate


def _bare(rig: Rig, files: Sequence[Path], records: Records, turns: Turns) -> float:
    """kafka-python's turn, counted as all others. Raises SystemExit when it fails."""
    bootstrap = rig.kafka.bootstrap_servers
    broker_before = rig.processor_seconds()[1]
    with topic_like_images(bootstrap, f"bare-{records.size}") as topic, gauge(bootstrap, topic) as counted:
        arguments = [bootstrap, topic.name, *map(str, files), "--records", str(records.total)]
        program = load_program("bench.bridge.bare", arguments)
        with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
            samples = list(counted.samples(records.total, lambda: process.poll() is not None))
            printed, _ = process.communicate()
    if process.returncode != 0 or samples[-1][1] != records.total:
        raise SystemExit(f"kafka-python sent {samples[-1][1]} of {records.total} records")
    spent_ms = json.loads(printed)["cpu_s"] * 1000 / records.total
    broker_ms = (rig.processor_seconds()[1] - broker_before) * 1000 / records.total
    turn = Turn(rate_after(samples, records.warm_up), spent_ms, broker_ms, 0.0)
    turns.setdefault(BARE, []).append(turn)
    return turn.rate


def figures(name: str, size: int, rates: Rates, turns: Turns) -> tuple[Figure, ...]:
    """The ratios of one size, and what a frame takes of a processor."""
    goal = GOAL if name == "100kb" else None
    found = []
    for count in CONNECTIONS:
        who, prefix = ours(count), f"bridge-{name}-{count}"
        seen = median(rates[who])
        found += [
            Figure(f"{prefix}-rate", seen, "frames/s"),
            Figure(f"{prefix}-to-producer", ratio(rates, who, MADE_UP), "x", goal),
            Figure(f"{prefix}-to-producer-prepared", ratio(rates, who, PREPARED), "x"),
            Figure(f"{prefix}-to-kafka-python", ratio(rates, who, BARE), "x"),
            Figure(f"{prefix}-to-vector", seen * size / VECTOR_BYTES_PER_S, "x"),
            Figure(f"{prefix}-cpu", median(turn.bridge_ms for turn in turns[who]), "ms"),
        ]
    return (*found, Figure(f"bridge-{name}-load-busy", max(busy(turn) for turn in _ours(turns)), "processors"))


def busy(turn: Turn) -> float:
    """How much of a processor the load took: near 1 it would be what is measured."""
    return turn.load_ms * turn.rate / 1000


def _ours(turns: Turns) -> list[Turn]:
    return [turn for count in CONNECTIONS for turn in turns[ours(count)]]


def table(size: int, rates: Rates, turns: Turns) -> Table:
    """All contenders of one size."""
    rows = []
    for who, seen in rates.items():
        spent = [""] * 3
        if who in turns:
            each = zip(*((turn.bridge_ms, turn.broker_ms, turn.load_ms) for turn in turns[who]), strict=True)
            spent = [number(median(values)) for values in each]
        span = f"{number(min(seen))} to {number(max(seen))}"
        rows.append((who, number(median(seen)), number(median(seen) * size / 1e6), span, *spent))
    header = (f"{size / 1000:g} kB a frame", "frames/s", "MB/s", "rounds", "process, ms", "broker, ms", "load, ms")
    return Table(header, tuple(rows))


def told(rig: Rig, name: str, who: str, what: Callable[[], float]) -> float:
    """What `what` measured, after saying so."""
    rate = what()
    rig.say(f"{name}: {who}: {number(rate)} a second")
    return rate
