"""How fast the engine is beside ONNX Runtime, OpenVINO and BigDL's own engines, on this machine.

    make bench-engine                                    everything, in about half an hour
    make bench-engine ARGS="--list"                      what there is
    make bench-engine ARGS="--only engine"               the parts whose names begin so
    make bench-engine ARGS="--only engine-resnet50-1t"   one part, at most five minutes
    make bench-engine ARGS="--resume"                    after an interruption: only what this folder lacks

Several parts run in a process each: one that fails or takes too long costs nobody else's figures, and is named at the
end. The exit status is 0 when all goals were reached, 3 when one was missed, 1 when a part failed.

All contenders of a part run in one go and take turns round by round; a figure is the median over the rounds of the
ratio within a round. That answers are equal is checked in the same run. Lines `FIGURE name value unit goal >= x` go to
standard output, progress to standard error, the tables into docs/benchmarks.md (`--page`), where a part's section is
replaced when it runs again. What each part found is kept in `--folder`, beside the networks made for the benchmark.

Nothing else should run meanwhile: the load is printed with the figures.
"""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.engine.apart import in_turn, leave_when_told
from bench.engine.context import ROOT, Context
from bench.engine.machine import load, this_machine, today
from bench.engine.parts import PARTS, Part, chosen
from bench.engine.report import Report, renew_page
from sightline_spark.errors import ClassifierError
from sightline_spark.models.errors import ModelError

RESULTS: Final = "results"
MISSED: Final = 3
# Parts take up to five minutes on a quiet machine, and the first one makes the networks.
PART_DEADLINE_S: Final = 420.0


def main() -> None:
    """Run the chosen parts one after the other; see above for the exit status."""
    arguments = parse_arguments()
    leave_when_told()
    if arguments.list:
        print("\n".join(f"{part.name:32} {part.title}" for part in PARTS))
        return
    parts = chosen(arguments.only)
    if arguments.resume:
        parts = [part for part in parts if not result(arguments, part).exists()]
    statuses = {parts[0].name: alone(parts[0], arguments)} if len(parts) == 1 else apart(parts, arguments)
    failed = [name for name, status in statuses.items() if status not in (0, MISSED)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    sys.exit(max(statuses.values(), default=0))


def alone(part: Part, arguments: argparse.Namespace) -> int:
    """Measure one part in this process; gives its exit status."""
    report = run(part, arguments)
    report.save(arguments.folder / RESULTS)
    write_page(arguments.page, arguments.folder / RESULTS)
    return 0 if all(figure.met for figure in report.figures) else MISSED


def apart(parts: Sequence[Part], arguments: argparse.Namespace) -> dict[str, int]:
    """Measure each part in a process of its own; gives their exit statuses."""
    program = [sys.executable, "-m", "bench.engine"]
    return in_turn({part.name: [*program, *options(part, arguments)] for part in parts}, PART_DEADLINE_S)


def options(part: Part, arguments: argparse.Namespace) -> list[str]:
    """The command line of one part with the same effort and places."""
    places = ["--folder", str(arguments.folder), "--page", str(arguments.page), "--peers", str(arguments.peers)]
    return [*effort(part, arguments), *places]


def result(arguments: argparse.Namespace, part: Part) -> Path:
    """Where the part's figures are kept."""
    kept: Path = arguments.folder / RESULTS / f"{part.name}.json"
    return kept


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench-engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="print the parts' names and end")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="parts whose names begin so")
    parser.add_argument("--resume", action="store_true", help="leave out parts with results in --folder")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender has its turn (5)")
    parser.add_argument("--round-ms", type=int, default=300, help="how long a turn is, ms (300)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".sightline" / "bench", help="results, logs, networks")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to renew")
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-bench" / "bin" / "python", help="Python with the peers installed"
    )
    return parser.parse_args()


def run(part: Part, arguments: argparse.Namespace) -> Report:
    """Measure one part and print its figures."""
    machine, start = this_machine(), time.monotonic()
    blank = Report(part.name, part.title, machine.describe(load()), today(), command(part, arguments))
    context = Context(
        folder=arguments.folder,
        page=arguments.page,
        models=ROOT / "models",
        peers_python=arguments.peers,
        machine=machine,
        rounds=arguments.rounds,
        round_ms=arguments.round_ms,
        report=blank,
    )
    try:
        report = part.run(context)
    except (ClassifierError, ModelError) as error:
        sys.exit(f"{part.name}: {error}")
    context.say(f"took {time.monotonic() - start:.0f} s, load now {load():.1f}")
    for figure in report.figures:
        print(figure.line(), flush=True)
    return report


def command(part: Part, arguments: argparse.Namespace) -> str:
    """What repeats this part with the same effort, as a newcomer types it."""
    given = effort(part, arguments)
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    prefix = f"nice -n {nice} " if nice else ""
    return f'{prefix}make bench-engine ARGS="{shlex.join(given)}"'


def effort(part: Part, arguments: argparse.Namespace) -> list[str]:
    """The options that name the part and say how long to measure."""
    return ["--only", part.name, "--rounds", str(arguments.rounds), "--round-ms", str(arguments.round_ms)]


def write_page(page: Path, results: Path) -> None:
    """Renew the page's generated block from all results there are, in the order of the parts."""
    renew_page(page, [results / f"{part.name}.json" for part in PARTS])


if __name__ == "__main__":
    main()
