"""How much one gateway process takes: uploads a second, the time to accept one, memory under overload.

    make bench-gateway                                all, in about five minutes
    make bench-gateway ARGS="--only 100kb"            one of 100kb, 1mb, half-load, overload
    make bench-gateway ARGS="--rounds 3 --seconds 3"  less effort

One broker and one gateway, started as users start them, serve all parts. At each size 64 clients with kept-alive
connections, in a process of their own, take turns with Kafka's ProducerPerformance on the same broker; a figure is the
median over the rounds of the ratio within a round. Lines `FIGURE name value unit goal >= x` go to standard output,
progress to standard error, the tables into docs/benchmarks.md (`--page`), where a part's section is replaced when it
runs again.

Nothing else should run meanwhile: the load is printed with the figures. The exit status is 0 when all goals were
reached, 3 when one was missed, 1 when something failed.
"""

import argparse
import resource
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from bench.engine.context import ROOT
from bench.engine.machine import load, this_machine, today
from bench.engine.report import Report, renew
from bench.gateway import producer
from bench.gateway.latency import half_load
from bench.gateway.overload import flood
from bench.gateway.process import gateway
from bench.gateway.rig import Rig
from bench.gateway.throughput import measure
from bench.latency import broker

BLOCK: Final = "bench-gateway"
MISSED: Final = 3
DEADLINE_S: Final = 460  # the whole run; it takes about five minutes
OPEN_FILES: Final = 4096  # a thousand connections at once, at both ends
# The producers' topics are deleted after each turn: at once, or minutes of them would wait on the disk.
_BROKER: Final = {"log.segment.delete.delay.ms": 1000}

Part = Callable[[Rig, Report], Report]
PARTS: Final[dict[str, tuple[str, Part]]] = {
    "100kb": ("Uploads of 100 kB", partial(measure, size=100_000, name="100kb")),
    "1mb": ("Uploads of 1 MB", partial(measure, size=1_000_000, name="1mb")),
    "half-load": ("Time to accept 100 kB at half load", half_load),
    "overload": ("Overload: the broker stands still", flood),
}


def main() -> None:
    """Run the chosen parts; see above for the exit status."""
    arguments = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _end)
    signal.alarm(DEADLINE_S)
    _allow_connections()
    reports = []
    with running(arguments) as rig:
        for name in arguments.only or PARTS:
            reports.append(run(name, rig, arguments))
            reports[-1].save(arguments.folder / BLOCK)
            write_page(arguments.page, arguments.folder / BLOCK)
    sys.exit(0 if all(figure.met for report in reports for figure in report.figures) else MISSED)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench-gateway", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], choices=list(PARTS), help="this part; more than once")
    parser.add_argument("--rounds", type=int, default=4, help="how often each contender has its turn (4)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a turn of the gateway is (5)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".sightline" / "bench", help="results, logs, the tool")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to renew")
    return parser.parse_args()


@contextmanager
def running(arguments: argparse.Namespace) -> Iterator[Rig]:
    """A broker and a gateway, both fresh."""
    jars = producer.install(arguments.folder)
    with broker(_BROKER) as (kafka, folder), gateway(kafka.bootstrap_servers, folder) as process:
        tool = producer.Tool(jars, arguments.folder / "producer-performance.log")
        yield Rig(kafka, process, tool, folder, arguments.rounds, arguments.seconds)


def run(name: str, rig: Rig, arguments: argparse.Namespace) -> Report:
    """Measure one part and print its figures."""
    title, part = PARTS[name]
    machine = this_machine().describe(load())
    report = part(rig, Report(f"gateway-{name}", title, machine, today(), command(name, arguments)))
    for figure in report.figures:
        print(figure.line(), flush=True)
    return report


def command(name: str, arguments: argparse.Namespace) -> str:
    """What repeats this part with the same effort, as a newcomer types it."""
    effort = ["--only", name, "--rounds", str(arguments.rounds), "--seconds", f"{arguments.seconds:g}"]
    return f'make bench-gateway ARGS="{shlex.join(effort)}"'


def write_page(page: Path, results: Path) -> None:
    """Renew the page's block from all results there are, in the order of the parts."""
    files: Sequence[Path] = [results / f"gateway-{name}.json" for name in PARTS]
    sections = [Report.load(file).markdown() for file in files if file.exists()]
    page.write_text(renew(page.read_text(encoding="utf-8"), sections, BLOCK), encoding="utf-8")


def _allow_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _end(number: int, _: FrameType | None) -> None:
    """Told to stop, or late: leave through every `finally`, which end what was started."""
    sys.exit(f"ended by {signal.Signals(number).name}" if number != signal.SIGALRM else f"not done in {DEADLINE_S} s")


if __name__ == "__main__":
    main()
