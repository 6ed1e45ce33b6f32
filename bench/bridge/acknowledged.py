"""What it costs that senders know what arrived: acknowledged frames beside plain ones."""

from dataclasses import replace
from functools import partial
from statistics import median
from typing import Final

from bench.bridge.process import bridge
from bench.bridge.throughput import CONNECTIONS, WARM_UP_BYTES, Turns, ours, send, send_in_turn, table, told
from bench.engine.report import Figure, Report
from bench.engine.rounds import Rates, interleaved, ratio
from bench.services.bodies import write_photos
from bench.services.counting import Records
from bench.services.rig import Rig

GOAL: Final = 0.8
SIZE: Final = 100_000
_SETTINGS: Final = {"SIGHTLINE_BRIDGE_ACK": "frame"}


def acknowledged(connections: int) -> str:
    """The name of the bridge that acknowledges so many connections' frames."""
    return f"{ours(connections)}, acknowledged"


def measure_ack(rig: Rig, report: Report) -> Report:
    """A bridge that acknowledges takes turns with one that does not. Raises SystemExit when one of them fails."""
    files, turns = write_photos(rig.folder, SIZE), Turns()
    folder = rig.folder / "acknowledged"
    folder.mkdir(exist_ok=True)
    with bridge(rig.kafka.bootstrap_servers, folder, _SETTINGS) as acking:
        ack_rig = replace(rig, service=acking)
        records = Records.of(SIZE, rig.seconds, WARM_UP_BYTES)
        for warmed, options in ((rig, ()), (ack_rig, ("--ack",))):
            send(warmed, files, 16, Records(SIZE, 0, records.warm_up), *options)
        contenders = {
            ours(count): partial(send_in_turn, rig, files, count, records, (turns, ours(count)))
            for count in CONNECTIONS
        } | {
            acknowledged(count): partial(
                send_in_turn, ack_rig, files, count, records, (turns, acknowledged(count)), "--ack"
            )
            for count in CONNECTIONS
        }
        rates = interleaved({who: partial(told, rig, "ack", who, what) for who, what in contenders.items()}, rig.rounds)
    return replace(report, figures=figures(rates, turns), tables=(table(SIZE, rates, turns),))


def figures(rates: Rates, turns: Turns) -> tuple[Figure, ...]:
    """How much of the plain bridge's rate is left, and what a frame takes."""
    found = []
    for count in CONNECTIONS:
        who = acknowledged(count)
        found += [
            Figure(f"bridge-ack-{count}-rate", median(rates[who]), "frames/s"),
            Figure(f"bridge-ack-{count}-to-plain", ratio(rates, who, ours(count)), "x", GOAL),
            Figure(f"bridge-ack-{count}-cpu", median(turn.bridge_ms for turn in turns[who]), "ms"),
        ]
    return tuple(found)
