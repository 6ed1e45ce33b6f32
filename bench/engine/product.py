"""The product's own benchmark of its stream (bench/stream.py) as parts of this one: run, and its figures taken over."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Final, Literal

from bench.engine.context import ROOT, Context
from bench.engine.report import Figure, Report
from bench.engine.start import described, settings

_FIGURE: Final = re.compile(r"FIGURE (\S+) (\S+) (\S+)(?: goal (>=|<=) (\S+))?")


def stream(context: Context, what: str) -> Report:
    """Kafka to Kafka against the bare engine with the model `what`. Raises SystemExit when that fails."""
    rounds = str(context.starts())
    command = [sys.executable, "-m", "bench.stream", what, "--rounds", rounds]
    context.say(" ".join(command[1:]))
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[1:])} ended with status {done.returncode}")
    remark = f"Settings: {described(settings(context.models))}."
    return replace(context.report, figures=figures(done.stdout), remarks=(remark,))


def figures(output: str) -> tuple[Figure, ...]:
    """The figures among what a benchmark printed. Raises ValueError when there is none."""
    found = tuple(_figure(match) for match in _FIGURE.finditer(output))
    if not found:
        raise ValueError("the benchmark printed no figure")
    return found


def _figure(match: re.Match[str]) -> Figure:
    name, value, unit, sense, goal = match.groups()
    kept: Literal[">=", "<="] = "<=" if sense == "<=" else ">="
    return Figure(name, float(value), unit, None if goal is None else float(goal), kept)
