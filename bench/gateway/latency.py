"""How long an upload takes to be accepted while the gateway has half of what it can take."""

from dataclasses import replace
from typing import Final

from bench.engine.report import Figure, Report, Table, number
from bench.gateway.client import Plan
from bench.gateway.rig import CLIENTS, take_turn
from bench.gateway.throughput import WARM_UP_S, warm
from bench.services.bodies import write_photos
from bench.services.rig import Rig

SIZE: Final = 100_000
SECONDS: Final = 4  # times a turn's, so that a hundredth of the uploads is a number


def half_load(rig: Rig, report: Report) -> Report:
    """Uploads of 100 kB at a steady rate, half of what 64 clients just reached without a pause."""
    files = write_photos(rig.folder, SIZE)
    warm(rig, files)
    most = take_turn(rig, files, Plan(CLIENTS, rig.seconds, WARM_UP_S)).outcome.rate
    rig.say(f"half load: {number(most / 2)} uploads/s")
    turn = take_turn(rig, files, Plan(CLIENTS, SECONDS * rig.seconds, WARM_UP_S, rate=most / 2))
    seen = turn.outcome.latencies_ms
    row = (number(turn.outcome.rate), str(turn.outcome.accepted), *(number(value) for value in seen.values()))
    return replace(
        report,
        figures=(
            Figure("gateway-accept-p50-half-load", seen["p50"], "ms"),
            Figure("gateway-accept-p99-half-load", seen["p99"], "ms"),
        ),
        tables=(Table(("uploads/s", "uploads", *(f"{name}, ms" for name in seen)), (row,)),),
        remarks=("From the moment an upload was due to the last byte of its answer.",),
    )
