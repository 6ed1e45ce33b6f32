"""The command of a benchmark: its parts, its figures on standard output, its block of docs/benchmarks.md."""

import argparse
import resource
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from bench.engine.context import ROOT
from bench.engine.machine import load, this_machine, today
from bench.engine.report import Report, renew_page
from bench.services.rig import Rig

MISSED: Final = 3
OPEN_FILES: Final = 4096  # a thousand connections at once, at both ends

Part = Callable[[Rig, Report], Report]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: `make NAME`, what it says of itself, and its parts by name, each with the title of its section.

    `running` gives the rig that all parts share; the whole run is ended after `deadline_s`.
    """

    name: str
    prefix: str
    purpose: str
    parts: Mapping[str, tuple[str, Part]]
    running: Callable[[argparse.Namespace], AbstractContextManager[Rig]]
    deadline_s: int

    def main(self) -> None:
        """Run the chosen parts. Exit status: 0 all goals reached, 3 one missed, 1 something failed."""
        arguments = self._arguments()
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, _end)
        signal.alarm(self.deadline_s)
        _allow_connections()
        reports = []
        with self.running(arguments) as rig:
            for name in arguments.only or self.parts:
                reports.append(self._run(name, rig, arguments))
                reports[-1].save(arguments.folder / self.name)
                self.write_page(arguments.page, arguments.folder / self.name)
        sys.exit(0 if all(figure.met for report in reports for figure in report.figures) else MISSED)

    def write_page(self, page: Path, results: Path) -> None:
        """Renew the page's block from all results there are, in the order of the parts."""
        renew_page(page, [results / f"{self.prefix}-{name}.json" for name in self.parts], self.name)

    def _arguments(self) -> argparse.Namespace:
        parser = argparse.ArgumentParser(
            prog=f"make {self.name}", description=self.purpose, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parts = list(self.parts)
        parser.add_argument("--only", action="append", default=[], choices=parts, help="this part; more than once")
        parser.add_argument("--rounds", type=int, default=4, help="how often each contender has its turn (4)")
        parser.add_argument("--seconds", type=float, default=5.0, help="how long a turn of ours is (5)")
        folder = ROOT / ".sightline" / "bench"
        parser.add_argument("--folder", type=Path, default=folder, help="results, logs, the tool")
        parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to renew")
        return parser.parse_args()

    def _run(self, name: str, rig: Rig, arguments: argparse.Namespace) -> Report:
        """Measure one part and print its figures."""
        title, part = self.parts[name]
        machine = this_machine().describe(load())
        report = part(rig, Report(f"{self.prefix}-{name}", title, machine, today(), self._command(name, arguments)))
        for figure in report.figures:
            print(figure.line(), flush=True)
        return report

    def _command(self, name: str, arguments: argparse.Namespace) -> str:
        """What repeats this part with the same effort, as a newcomer types it."""
        effort = ["--only", name, "--rounds", str(arguments.rounds), "--seconds", f"{arguments.seconds:g}"]
        return f'make {self.name} ARGS="{shlex.join(effort)}"'


def _allow_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _end(number: int, _: FrameType | None) -> None:
    """Told to stop, or late: leave through every `finally`, which end what was started."""
    sys.exit(f"ended by {signal.Signals(number).name}" if number != signal.SIGALRM else "not done within its deadline")
