"""What every part of the benchmark is given."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.engine.machine import Machine
from bench.engine.report import Report

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Context:
    """Where things are, how long to measure, and the empty report of the part that runs."""

    folder: Path
    page: Path
    models: Path
    peers_python: Path
    machine: Machine
    rounds: int
    round_ms: int
    report: Report

    def starts(self, share: int = 2) -> int:
        """How often a program that takes long to start has its turn: once for `share` rounds of the others."""
        return max(1, self.rounds // share)

    def say(self, line: str) -> None:
        """Tell of progress."""
        print(f"{time.strftime('%H:%M:%S')} {self.report.part}: {line}", file=sys.stderr, flush=True)

    def log(self, name: str) -> Path:
        """Where a program that the part starts may write."""
        return self.folder / "logs" / f"{self.report.part}-{name}.log"
