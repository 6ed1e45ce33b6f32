"""Images a second over a Parquet table of 2,000 photos: Sightline's Transformer and SQL function, and their rivals.

    make bench-spark                            every precision, three rounds; about twenty minutes
    make bench-spark ARGS="--only f32"          one precision; the page keeps what it has of the others
    make bench-spark ARGS="--images 128 --rounds 1 --only f32"    whether it runs at all; the page stays

Every contender is a program of its own with two cores. It classifies the table once to load and warm up, then takes
turns with the others of its precision; a ratio is the median over the rounds of the ratio within a round. That labels
agree is checked in the same run. The rivals are `predict_batch_udf` with ONNX Runtime and OpenVINO at the same
precision, and the bare engine: two Java threads that decode and classify the same files, without Spark. Lines
`FIGURE name value unit goal >= x` go to standard output. Exit status 3: a goal was missed.
"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bench.engine.apart import leave_when_told
from bench.engine.bare import Speeds
from bench.engine.context import ROOT, Context
from bench.engine.java import java
from bench.engine.machine import load, this_machine, today
from bench.engine.photos import photo_folder
from bench.engine.report import Report, renew_page
from bench.engine.rounds import interleaved
from bench.engine.streams import agreement_with
from bench.engine.subjects import calibrated, quantised, subject
from bench.engine.topic import Labels
from bench.engine.worker import Speed, one_thread_environment
from bench.spark.contest import TURN_DEADLINE_S, Contender
from bench.spark.lineup import BARE, RIVALS, TRANSFORMER, Files, entrants, figures, precisions, table
from bench.stream import BARE_LOOP
from sightline_spark.errors import ClassifierError
from sightline_spark.models.efficientnet_card import NAME
from sightline_spark.models.errors import ModelError

BLOCK: Final = "bench-spark"
RESULTS: Final = "results"
MISSED: Final = 3
IMAGES, FEW_IMAGES = 2000, 64
BARE_BATCH, WARM_UP_S, BARE_S = 16, 6, 6


def main() -> None:
    """Measure, print the figures, renew the page."""
    arguments = parse_arguments()
    leave_when_told()
    missed = False
    for precision in precisions(this_machine(), arguments.only):
        try:
            report = measure(surroundings(arguments, precision), arguments.images, precision)
        except (ClassifierError, ModelError) as error:
            sys.exit(f"{precision}: {error}")
        for figure in report.figures:
            print(figure.line(), flush=True)
            missed |= not figure.met
        if arguments.images == IMAGES:
            report.save(arguments.folder / RESULTS)
            write_page(arguments.page, arguments.folder / RESULTS)
    sys.exit(MISSED if missed else 0)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench-spark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(RIVALS), help="this precision (default: all that the processor has)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender has its turn (3)")
    parser.add_argument(
        "--images", type=int, default=IMAGES, help=f"size of the table ({IMAGES}); with another, the page stays"
    )
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to renew")
    parser.add_argument("--folder", type=Path, default=ROOT / ".sightline" / "bench", help="tables, logs, networks")
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-bench" / "bin" / "python", help="Python with the peers installed"
    )
    return parser.parse_args()


def surroundings(arguments: argparse.Namespace, precision: str) -> Context:
    """Where things are, what machine this is, and the empty report of one precision."""
    machine = this_machine()
    command = f'make bench-spark ARGS="{shlex.join(["--only", precision, "--rounds", str(arguments.rounds)])}"'
    title = f"{arguments.images} photos in Parquet, {precision}"
    return Context(
        folder=arguments.folder.absolute(),
        page=arguments.page,
        models=ROOT / "models",
        peers_python=arguments.peers.absolute(),
        machine=machine,
        rounds=arguments.rounds,
        round_ms=0,
        report=Report(f"spark-{precision}", title, machine.describe(load()), today(), command),
    )


def measure(context: Context, images: int, precision: str) -> Report:
    """All contenders of one precision, round by round."""
    files = prepared(context, images, precision)
    with ExitStack() as stack:
        at_work: dict[str, Contender] = {}
        for entrant in entrants(precision, NAME, files, context.peers_python):
            context.say(f"loading {entrant.name}")
            log = context.log(entrant.name.replace(" ", "-"))
            at_work[entrant.name] = stack.enter_context(Contender(entrant, images, log))
        labels = {name: contender.labels for name, contender in at_work.items()}
        turns = {name: partial(told, context, name, contender.turn) for name, contender in at_work.items()}
        turns[BARE] = partial(told, context, BARE, partial(bare, context, files.models, precision))
        return judged(context.report, precision, interleaved(turns, context.rounds), labels)


def prepared(context: Context, images: int, precision: str) -> Files:
    """Models and tables, made where they are missing."""
    tested = subject(NAME, context.folder, context.models, context.say)
    places = {context.folder / f"photos-{count}.parquet": count for count in (FEW_IMAGES, images)}
    if not all((place / "_SUCCESS").exists() for place in places):
        pairs = [str(word) for pair in places.items() for word in pair]
        program = [sys.executable, "-m", "bench.spark.table", *pairs]
        subprocess.run(program, cwd=ROOT, env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}, check=True)
    few, whole = (*places, *places)[:2]  # one place where as few are asked for
    if precision != "int8":
        return Files(context.models, tested.onnx, (few, whole))
    models = calibrated(tested, context.folder, context.say).parents[1]
    return Files(models, quantised(tested, context.folder, context.peers_python, context.say), (few, whole))


def told(context: Context, name: str, turn: Callable[[], Speed]) -> Speed:
    """The speed of one turn, which it also says."""
    speed = turn()
    context.say(f"{name}: {speed.clock:.1f} images/s, {1000 / speed.processor:.2f} ms of a processor each")
    return speed


def bare(context: Context, models: Path, precision: str) -> Speed:
    """The engine alone on the same files, in a JVM started for it."""
    folder = photo_folder(context.folder)
    command = java(BARE_LOOP, models, NAME, folder, 2, BARE_BATCH, WARM_UP_S, BARE_S, precision)
    environment = one_thread_environment()
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=TURN_DEADLINE_S
    )
    rate, milliseconds = map(float, done.stdout.split()[-2:])
    return Speed(rate, 1000 / milliseconds)


def judged(blank: Report, precision: str, speeds: Speeds, labels: Mapping[str, Labels]) -> Report:
    """The report. Raises SystemExit when a contender names too many photos otherwise than the Transformer."""
    agreements = agreement_with(labels, TRANSFORMER)
    return replace(blank, figures=figures(precision, speeds), tables=(table(precision, speeds, agreements),))


def write_page(page: Path, results: Path) -> None:
    """Renew the page's generated block from all results there are, in the order of the precisions."""
    renew_page(page, [results / f"spark-{precision}.json" for precision in RIVALS], BLOCK)


if __name__ == "__main__":
    main()
