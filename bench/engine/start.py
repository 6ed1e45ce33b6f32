"""From a bundle on disk to the first label, what memory models take, and whether it grows.

A first start asks BigDL what a network is and what it should answer; later ones find that kept.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from bench.engine import resnet50
from bench.engine.context import Context
from bench.engine.java import java
from bench.engine.photos import photo_folder
from bench.engine.report import Figure, Report, Table, number
from bench.engine.subjects import gallery
from bench.engine.worker import one_thread_environment
from sightline_spark.models.efficientnet_card import NAME as EFFICIENTNET
from sightline_spark.query import EngineOptions
from sightline_spark.settings import ClassifierSettings

PROGRAM: Final = "io.sightline.engine.stream.FirstLabel"
GOALS_S: Final = {EFFICIENTNET: 3.0, resnet50.NAME: 8.0}
KINDS: Final = ("start", "restart")
STARTS: Final = 3
IMAGES: Final = 20_000
DEADLINE_S: Final = 400.0  # growth takes three minutes where two cores classify 110 images a second


@dataclass(frozen=True, slots=True)
class First:
    """A model's first label, and the process's memory right after it."""

    model: str
    label: str
    seconds: float
    rss: int  # bytes


@dataclass(frozen=True, slots=True)
class Run:
    """What one process told: first labels in order, and its memory (bytes) after so many images."""

    firsts: tuple[First, ...]
    samples: tuple[tuple[int, int], ...]


def first_label(context: Context) -> Report:
    """Several fresh JVMs for each network, in turns; the files are in the page cache after the first."""
    models = gallery(context.folder, context.models, context.say)
    seen: dict[str, list[First]] = {f"{kind}-{name}": [] for kind in KINDS for name in GOALS_S}
    for attempt in range(STARTS):
        for name in GOALS_S:
            for file in kept(models).glob(f"{name}@*"):
                file.unlink()
            for kind in KINDS:
                context.say(f"{kind} {attempt + 1} of {STARTS}, {name}")
                seen[f"{kind}-{name}"].append(_run(context, models, [name], 0).firsts[0])
    both = _run(context, models, list(GOALS_S), 0).firsts
    figures = [
        Figure(f"{kind}-{name}", median(first.seconds for first in seen[f"{kind}-{name}"]), "s", goal, "<=")
        for kind in KINDS
        for name, goal in GOALS_S.items()
    ]
    figures += [Figure(f"rss-{run}", median(first.rss for first in firsts) / 1e6, "MB") for run, firsts in seen.items()]
    figures.append(Figure("rss-restart-both", both[-1].rss / 1e6, "MB"))
    rows = tuple(
        (run, ", ".join(number(first.seconds) for first in firsts), firsts[0].label) for run, firsts in seen.items()
    )
    return replace(
        context.report,
        figures=tuple(figures),
        tables=(Table(("run", "s from the program's first instruction to the label", "label"), rows),),
        remarks=(
            f"Settings: {described(settings(models))}.",
            "start: nothing is kept of the network; restart: right after it.",
            "RSS is of the whole JVM, with a heap of at most 3 GB.",
        ),
    )


def growth(context: Context) -> Report:
    """Many photos through decoder and EfficientNet-Lite0 on two threads, memory taken every 500."""
    models = gallery(context.folder, context.models, context.say)
    context.say(f"{IMAGES} images")
    run = _run(context, models, [EFFICIENTNET], IMAGES)
    rows = tuple((str(images), number(rss / 1e6)) for images, rss in run.samples[:: max(1, len(run.samples) // 8)])
    return replace(
        context.report,
        figures=(Figure("rss-growth", slope(run.samples), "bytes/image"),),
        tables=(Table(("images", "RSS, MB"), rows),),
        remarks=("The slope is that of the straight line through the second half of the samples.",),
    )


def slope(samples: Sequence[tuple[int, int]]) -> float:
    """Bytes an image, over the second half: the heap has its size by then. Raises ValueError without two samples."""
    later = sorted(samples)[len(samples) // 2 :]
    if len(later) < 2:
        raise ValueError("too few samples for a slope")
    images, rss = np.array(later, np.float64).T
    return float(np.polyfit(images, rss, 1)[0])


def parse(lines: Sequence[str]) -> Run:
    """What FirstLabel.java printed, other lines left out."""
    words = [line.split()[1:] for line in lines if line.startswith("bench ")]
    firsts = tuple(
        First(model, label, int(ms) / 1000, int(kilobytes) * 1024)
        for kind, model, label, ms, kilobytes in (w for w in words if w[0] == "label")
    )
    return Run(firsts, tuple((int(w[1]), int(w[2]) * 1024) for w in words if w[0] == "rss"))


def settings(models: Path) -> ClassifierSettings:
    """The classifier's, as the environment has them."""
    return ClassifierSettings(models_dir=models, classifier_cache_dir=kept(models))


def kept(models: Path) -> Path:
    """What a start leaves for the next."""
    return models.parent / "programs"


def described(chosen: ClassifierSettings) -> str:
    """What decides how a model is compiled."""
    sizes = ",".join(map(str, chosen.classifier_batch_sizes))
    return f"precision {chosen.classifier_precision}, batch sizes {sizes}"


def _run(context: Context, models: Path, names: Sequence[str], images: int) -> Run:
    chosen = settings(models)
    options = EngineOptions.of(chosen).to_json()
    command = java(PROGRAM, options, photo_folder(context.folder), 2, images, *names)
    command[1:1] = chosen.classifier_java_options.split()
    log = context.log("-".join(names))
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as noise:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=noise, text=True, env=one_thread_environment(), timeout=DEADLINE_S,
            check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{PROGRAM} ended with status {done.returncode}: see {log}")
    return parse(done.stdout.splitlines())
