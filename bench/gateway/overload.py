"""What the gateway does with more than it may hold, while the broker is stopped."""

import time
from dataclasses import replace
from typing import Final

from bench.engine.report import Figure, Report, Table, number
from bench.gateway.client import Outcome, Plan
from bench.gateway.process import gateway
from bench.gateway.rig import run_client
from bench.services.bodies import write_photos
from bench.services.rig import Rig, paused
from sightline_gateway.settings import GatewaySettings

SIZE: Final = 1_000_000
UPLOADS: Final = 1_000
BESIDE_BYTES: Final = 100_000_000  # what the process may take beside its budget
RECOVERY_DEADLINE_S: Final = 60.0
# All come at once from one address: the caps on connections must not keep them from the byte budget.
_SETTINGS: Final = {
    "SIGHTLINE_GATEWAY_MAX_CONNECTIONS": str(UPLOADS + 20),
    "SIGHTLINE_GATEWAY_MAX_CONNECTIONS_PER_IP": str(UPLOADS + 20),
}


def flood(rig: Rig, report: Report) -> Report:
    """1,000 uploads of 1 MB at once on a fresh gateway whose broker does not answer; then it goes on."""
    files = write_photos(rig.folder, SIZE)
    budget = GatewaySettings().gateway_in_flight_bytes
    folder = rig.folder / "overload"
    folder.mkdir(exist_ok=True)
    with gateway(rig.kafka.bootstrap_servers, folder, _SETTINGS) as flooded:
        run_client(flooded.address, files, Plan(8, seconds=1.0))
        calm = flooded.rss()
        with paused(rig):
            outcome = run_client(flooded.address, files, Plan(UPLOADS, seconds=60.0, uploads=UPLOADS))
        peak, resumed = flooded.peak_rss(), time.monotonic()
        flooded.until_ready(RECOVERY_DEADLINE_S)
        recovery_s = time.monotonic() - resumed
        run_client(flooded.address, files, Plan(8, seconds=1.0))
    rig.say(f"overload: {outcome.statuses}, {peak / 1e6:.0f} MB at most, {calm / 1e6:.0f} MB before")
    return replace(report, figures=figures(outcome, peak, budget, recovery_s), tables=(table(outcome, calm, peak),))


def figures(outcome: Outcome, peak: int, budget: int, recovery_s: float) -> tuple[Figure, ...]:
    """The promises: bounded memory, an answer to everybody, and back by itself."""
    return (
        Figure("gateway-overload-rss", peak / 1e6, "MB", (budget + BESIDE_BYTES) / 1e6, "<="),
        Figure("gateway-overload-answered", outcome.answered, "uploads", UPLOADS),
        Figure("gateway-overload-longest", outcome.latencies_ms["max"] / 1000, "s"),
        Figure("gateway-overload-recovery", recovery_s, "s"),
    )


def table(outcome: Outcome, calm: int, peak: int) -> Table:
    """What became of the uploads, and the memory before and at most."""
    rows = [(f"answers {status}", str(count)) for status, count in outcome.statuses.items()]
    rows += [("RSS before, MB", number(calm / 1e6)), ("RSS at most, MB", number(peak / 1e6))]
    return Table((f"{UPLOADS} uploads of {SIZE / 1e6:g} MB at once", "seen"), tuple(rows))
