"""What 200 senders cost while the broker stands still, and that nothing of theirs is lost when it goes on."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from bench.bridge.load import Outcome
from bench.bridge.process import bridge
from bench.engine.context import ROOT
from bench.engine.report import Figure, Report, Table, number
from bench.services.bodies import write_photos
from bench.services.counting import gauge, images_topic
from bench.services.rig import Rig, load_program, paused
from sightline_bridge.settings import BridgeSettings
from sightline_local.child import end_child

SIZE: Final = 100_000
SENDERS: Final = 200
FRAMES_EACH: Final = 10  # a megabyte of each sender: three times what the budget holds
STALL_S: Final = 8.0  # below the delivery timeout's 10 s nothing is sent twice
BESIDE_BYTES: Final = 100_000_000  # what the process may take beside its budget
RECOVERY_DEADLINE_S: Final = 60.0
_SETTINGS: Final = {"SIGHTLINE_BRIDGE_MAX_CONNECTIONS": str(SENDERS + 10)}


def stall(rig: Rig, report: Report) -> Report:
    """All send at once to a fresh bridge whose broker does not answer; then it goes on."""
    files = write_photos(rig.folder, SIZE)
    folder = rig.folder / "stalled"
    folder.mkdir(exist_ok=True)
    total = SENDERS * FRAMES_EACH
    with (
        bridge(rig.kafka.bootstrap_servers, folder, _SETTINGS) as stalled,
        gauge(rig.kafka.bootstrap_servers, images_topic()) as counted,
    ):
        calm = stalled.rss()
        arguments = [stalled.address, *map(str, files), "--connections", str(SENDERS), "--frames", str(total)]
        with _load(arguments) as load:
            with paused(rig):
                time.sleep(STALL_S)  # the stall itself
                held = stalled.rss()
            resumed = time.monotonic()
            printed, _ = load.communicate(timeout=RECOVERY_DEADLINE_S)
        recovery_s = time.monotonic() - resumed
        if load.returncode != 0:
            raise SystemExit(f"the load ended with status {load.returncode}")
        arrived, peak = counted.records(), stalled.peak_rss()
    outcome = Outcome(**json.loads(printed))
    rig.say(f"stalled: {outcome}, {arrived} records, {peak / 1e6:.0f} MB at most, {calm / 1e6:.0f} MB before")
    budget = BridgeSettings().bridge_buffer_bytes
    rows = (
        ("RSS before, MB", number(calm / 1e6)),
        ("RSS while the broker stood still, MB", number(held / 1e6)),
        ("RSS at most, MB", number(peak / 1e6)),
    )
    heading = (f"{SENDERS} senders, {FRAMES_EACH} frames of {SIZE / 1e3:g} kB each", "seen")
    return replace(report, figures=figures(outcome, arrived, peak, budget, recovery_s), tables=(Table(heading, rows),))


@contextmanager
def _load(arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The senders' process; it does not outlive a measurement that fails."""
    program = load_program("bench.bridge.load", arguments)
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                end_child(process, RECOVERY_DEADLINE_S)


def figures(outcome: Outcome, arrived: int, peak: int, budget: int, recovery_s: float) -> tuple[Figure, ...]:
    """The promises: bounded memory, nothing lost, and back by itself."""
    return (
        Figure("bridge-stalled-rss", peak / 1e6, "MB", (budget + BESIDE_BYTES) / 1e6, "<="),
        Figure("bridge-stalled-confirmed", outcome.confirmed, "connections", SENDERS),
        Figure("bridge-stalled-arrived", arrived, "frames", SENDERS * FRAMES_EACH),
        Figure("bridge-stalled-recovery", recovery_s, "s"),
    )
