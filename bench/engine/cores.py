"""Images a second against cores: tasks in one JVM (`local[N]`), and executors of one core each (`local-cluster`)."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.engine.contestants import BACKLOG, Place, Query, classifier
from bench.engine.context import ROOT, Context
from bench.engine.photos import photos
from bench.engine.report import Figure, Report, Table, number
from bench.engine.rounds import Rates, interleaved, ratio
from bench.engine.start import described, settings
from bench.engine.subjects import gallery, subject
from bench.engine.topic import Program, answer, backlog
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.models.efficientnet_card import NAME as EFFICIENTNET

PLOT: Final = Path("images") / "cores.svg"  # beside the page
GOAL: Final = 1.9
WAYS: Final = {"local": "tasks in one JVM", "local-cluster": "executors of one core each"}


def measure(context: Context) -> Report:
    """One core against all there are, both ways; renews the plot beside the page."""
    counts = sorted({1, len(context.machine.processors)})
    models = gallery(context.folder, context.models, context.say)
    subject(EFFICIENTNET, context.folder, context.models, context.say)
    with backlog(photos(), BACKLOG) as kafka, TemporaryDirectory(prefix="sightline-bench-") as folder:
        runs = {
            f"{way} {count}": partial(_run, context, way, count, models, kafka, Path(folder))
            for count in counts
            for way in WAYS
        }
        rates = interleaved(runs, context.starts(4))
    plot(context, {way: {count: median(rates[f"{way} {count}"]) for count in counts} for way in WAYS})
    rows = tuple((WAYS[way], str(count), number(median(rates[f"{way} {count}"]))) for way in WAYS for count in counts)
    remarks = (
        f"Settings: {described(settings(models))}.",
        "Tasks in one JVM: the classifier is pinned to so many processors, the broker is not. Executors: nothing is"
        " pinned; driver and broker are on the same processors.",
        f"![Images a second against cores]({PLOT.as_posix()})",
    )
    table = Table(("Kafka to Kafka", "cores", "images/s"), rows)
    return replace(context.report, figures=figures(rates, counts[-1]), tables=(table,), remarks=remarks)


def figures(rates: Rates, most: int) -> tuple[Figure, ...]:
    """How many times faster `most` cores are than one; the goal is for two."""
    if most == 1:
        return ()
    goal = GOAL if most == 2 else None
    return tuple(
        Figure(f"cores-{way}-1-to-{most}", ratio(rates, f"{way} {most}", f"{way} 1"), "x", goal) for way in WAYS
    )


def plot(context: Context, series: Mapping[str, Mapping[int, float]]) -> None:
    """Draw it with the peers' Python, which has a plotting library."""
    target = context.page.parent / PLOT
    lines = {WAYS[way]: list(points.items()) for way, points in series.items()}
    command = [str(context.peers_python), str(ROOT / "bench" / "engine" / "plot.py"), str(target), json.dumps(lines)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def _run(context: Context, way: str, count: int, models: Path, kafka: EmbeddedKafka, folder: Path) -> float:
    name = f"{way}[{count}]"
    context.say(name)
    topic = f"results-{way}-{count}-{len(list(folder.iterdir()))}"
    place = Place(kafka.bootstrap_servers, topic, folder / topic)
    query = Query(name, "classifier", settings(models).classifier_precision)
    program = classifier(query, EFFICIENTNET, models, place)
    started = on_master(program, way, context.machine.last(count))
    answered = answer(kafka, topic, started, context.log(f"{way}-{count}"))
    context.say(f"{name}: {number(answered.rate)} images/s")
    return answered.rate


def on_master(program: Program, way: str, processors: Sequence[int]) -> Program:
    """The classifier on so many cores.

    One JVM is pinned to them, else one task's would collect, compile and plan on those that lie idle. The driver of
    executors is elsewhere by right: on one core together they would be slower than any cluster.
    """
    count = len(processors)
    if way == "local":
        command = ["taskset", "-c", ",".join(map(str, processors)), *program.command]
        environment = {**program.environment, "SIGHTLINE_CLASSIFIER_MASTER": f"local[{count}]"}
        return replace(program, command=command, environment=environment)
    master = f"local-cluster[{count},1,2048]"
    return replace(program, command=[sys.executable, "-m", "bench.engine.queries.classifier", master, str(count)])
