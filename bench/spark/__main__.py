"""Images a second over a Parquet table of 2,000 photos: Sightline's Transformer and SQL function, and their rivals.

    make bench-spark                         all contenders, three rounds; about ten minutes
    make bench-spark ARGS="--rounds 5"
    make bench-spark ARGS="--images 128 --rounds 1 --precision f32"    whether it runs at all

Every contender is a program of its own with two cores, loads first, and then takes turns with the others over the whole
table; a figure is the median over the rounds of the ratio within a round. That labels agree is checked in the same run.
The rivals are `predict_batch_udf` with ONNX Runtime and OpenVINO at the same precision, and the bare engine: two Java
threads that decode and classify the same files, without Spark. Exit status 3: a goal was missed.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.engine.context import ROOT, Context
from bench.engine.java import java
from bench.engine.machine import load, this_machine, today
from bench.engine.photos import photo_folder
from bench.engine.report import Figure, Report, Table, number, renew
from bench.engine.rounds import Rates, interleaved, ratio
from bench.engine.streams import agreement_with
from bench.engine.subjects import Subject, subject
from bench.engine.worker import one_thread_environment
from bench.spark.contest import Contender, Entrant, ours, peer
from sightline_spark.models.efficientnet_card import NAME

BARE_LOOP: Final = "io.sightline.engine.stream.BareLoop"
BLOCK: Final = "bench-spark"
MISSED: Final = 3
IMAGES: Final = 2000
WARM_UP_S, BARE_S = 6, 6
RIVALS: Final = (("onnxruntime", "f32"), ("openvino", "f32"), ("openvino", "bf16"))


def main() -> None:
    """Measure, print the figures, renew the page."""
    arguments = parse_arguments()
    context = surroundings(arguments)
    report = measure(context, arguments.images, precisions(context, arguments.precision))
    for figure in report.figures:
        print(figure.line(), flush=True)
    if arguments.images == IMAGES and arguments.precision is None:
        page = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(renew(page, [report.markdown()], BLOCK), encoding="utf-8")
    sys.exit(0 if all(figure.met for figure in report.figures) else MISSED)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench-spark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender has its turn (3)")
    parser.add_argument(
        "--images", type=int, default=IMAGES, help=f"size of the table ({IMAGES}); with another, the page stays"
    )
    parser.add_argument(
        "--precision",
        choices=["f32", "bf16"],
        help="only this one, and the page stays (default: what the processor has)",
    )
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to renew")
    parser.add_argument("--folder", type=Path, default=ROOT / ".sightline" / "bench", help="table, logs, networks")
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-bench" / "bin" / "python", help="Python with the peers installed"
    )
    return parser.parse_args()


def surroundings(arguments: argparse.Namespace) -> Context:
    """Where things are and what machine this is."""
    machine = this_machine()
    command = f'make bench-spark ARGS="--rounds {arguments.rounds}"'
    title = "Transformer and SQL function over a table"
    return Context(
        folder=arguments.folder,
        page=arguments.page,
        models=ROOT / "models",
        peers_python=arguments.peers,
        machine=machine,
        rounds=arguments.rounds,
        round_ms=0,
        report=Report("spark", title, machine.describe(load()), today(), command),
    )


def measure(context: Context, images: int, chosen: Sequence[str]) -> Report:
    """All contenders in the precisions `chosen`, round by round."""
    tested = subject(NAME, context.folder, context.models, context.say)
    table = context.folder / f"photos-{images}.parquet"
    if not (table / "_SUCCESS").exists():
        subprocess.run([sys.executable, "-m", "bench.spark.table", str(table), str(images)], cwd=ROOT, check=True)
    with ExitStack() as stack:
        at_work: dict[str, Contender] = {}
        for entrant in entrants(context, chosen, tested, table):
            context.say(f"loading {entrant.name}")
            at_work[entrant.name] = stack.enter_context(
                Contender(entrant, images, context.log(entrant.name.replace(" ", "-")))
            )
        turns = {name: partial(turn, context, name, contender) for name, contender in at_work.items()}
        for precision in chosen:
            turns[f"bare {precision}"] = partial(bare, context, precision)
        rates = interleaved(turns, context.rounds)
    agreements = agreement_with(
        {name: contender.labels for name, contender in at_work.items()}, f"transformer {chosen[0]}"
    )
    rows = tuple(
        (
            name,
            number(median(seen)),
            ", ".join(map(number, seen)),
            f"{agreements[name]:.0%}" if name in agreements else "",
        )
        for name, seen in rates.items()
    )
    header = (f"{images} photos in Parquet, two cores", "images/s", "rounds", "same first label")
    return replace(context.report, figures=tuple(figures(rates)), tables=(Table(header, rows),))


def precisions(context: Context, only: str | None) -> list[str]:
    """The one that is asked for, or what this machine computes in."""
    if only is not None:
        return [only]
    return ["f32", "bf16"] if context.machine.bf16 else ["f32"]


def entrants(context: Context, among: Sequence[str], tested: Subject, table: Path) -> list[Entrant]:
    """Ours and the rivals in these precisions."""
    chosen = []
    for precision in among:
        chosen += [ours(way, precision, table, context.models, NAME) for way in ("transformer", "sql")]
        chosen += [
            peer(context.peers_python, runtime, precision, tested.onnx, table)
            for runtime, theirs in RIVALS
            if theirs == precision
        ]
    return chosen


def turn(context: Context, name: str, contender: Contender) -> float:
    """Images a second of one turn."""
    rate = contender.rate()
    context.say(f"{name}: {number(rate)} images/s")
    return rate


def bare(context: Context, precision: str) -> float:
    """Images a second of the engine alone on the same files, in a JVM started for it."""
    folder = photo_folder(context.folder)
    command = java(BARE_LOOP, context.models, NAME, folder, 2, 16, WARM_UP_S, BARE_S, precision)
    environment = dict(one_thread_environment())
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    rate = float(done.stdout.split()[-2])
    context.say(f"bare {precision}: {number(rate)} images/s")
    return rate


def figures(rates: Rates) -> list[Figure]:
    """Ours against each rival of the same precision, against the bare engine, and the function against ours."""
    found = []
    for precision in ("f32", "bf16"):
        own = f"transformer {precision}"
        if own not in rates:
            continue
        found += [
            Figure(f"spark-{precision}-to-{runtime}", ratio(rates, own, f"{runtime} {precision}"), "x", 1.3)
            for runtime, theirs in RIVALS
            if theirs == precision
        ]
        found.append(Figure(f"spark-{precision}-to-bare", ratio(rates, own, f"bare {precision}"), "x", 0.9))
        found.append(Figure(f"spark-{precision}-sql-to-transformer", ratio(rates, f"sql {precision}", own), "x", 0.8))
    return found


if __name__ == "__main__":
    main()
