"""The engine alone: the same weights and inputs in every contender, whose rounds take turns."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.engine.context import ROOT, Context
from bench.engine.java import java
from bench.engine.report import Figure, Report, Table, number
from bench.engine.rounds import Rates, fastest, interleaved, ratio
from bench.engine.subjects import SHAPE, Subject, calibrated, quantised, subject
from bench.engine.worker import Speed, Worker
from sightline_spark.models.errors import ModelError

Speeds = Mapping[str, Sequence[Speed]]

SERVER: Final = "io.sightline.engine.nn.BenchmarkServer"
REFERENCE: Final = "ONNX Runtime f32"
# How far a probability may lie from the reference's: the project's promise, and what fewer bits may cost.
TOLERANCE: Final = {"f32": 1e-3, "bf16": 0.05, "int8": 0.25}


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the table."""

    name: str
    runtime: str
    precision: str = "f32"

    @property
    def ours(self) -> bool:
        """Whether it is the project's own engine."""
        return self.runtime == "onednn"


OURS: Final = {precision: Contender(f"Sightline {precision}", "onednn", precision) for precision in TOLERANCE}
CONTENDERS: Final = (
    *OURS.values(),
    Contender(REFERENCE, "onnxruntime"),
    Contender("OpenVINO f32", "openvino"),
    Contender("OpenVINO bf16", "openvino", "bf16"),
    Contender("ONNX Runtime int8", "onnxruntime", "int8"),
    Contender("OpenVINO int8", "openvino", "int8"),
    Contender("BigDL mkldnn", "mkldnn"),
    Contender("BigDL forward", "plain"),
)
# Ours against the best of these, by our precision.
RIVALS: Final = {"f32": ("ONNX Runtime f32", "OpenVINO f32"), "bf16": ("OpenVINO bf16",), "int8": ("OpenVINO int8",)}
GOALS: Final = {"f32": 1.0, "bf16": 1.05, "int8": 1.0}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How answers compare with the reference's: the largest difference, and the share of equal first labels."""

    deviation: float
    same_first: float


def measure(context: Context, network: str, threads: int, batches: Sequence[int]) -> Report:
    """All contenders that this machine and network allow, at every batch size."""
    tested = subject(network, context.folder, context.models, context.say)
    chosen, remarks = fitting(context, tested, threads)
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for contender in chosen:
            context.say(f"loading {contender.name}")
            workers[contender.name] = stack.enter_context(_start(contender, tested, context, threads, batches))
        check_running(chosen, workers)
        rows, figures = [], []
        for batch in batches:
            present = [contender for contender in chosen if takes(contender, batch)]
            speeds, agreements = _one_batch(context, {c.name: workers[c.name] for c in present}, batch)
            rows += [row(contender, batch, speeds[contender.name], agreements[contender.name]) for contender in present]
            figures += compared(present, by_processor(speeds), f"engine-{network}-{threads}t-b{batch}")
    header = ("contender", "batch", "images/s", "images/core-s", "rounds", "largest deviation", "same first label")
    table = Table(header, tuple(rows))
    return replace(context.report, figures=tuple(figures), tables=(table,), remarks=tuple(remarks))


def fitting(context: Context, tested: Subject, threads: int) -> tuple[list[Contender], list[str]]:
    """The contenders that this machine and network allow, and why others are missing."""
    chosen = [contender for contender in CONTENDERS if runs(contender, context.machine.bf16, threads)]
    remarks = [] if context.machine.bf16 else ["This processor has no bf16 instructions: bf16 was not measured."]
    try:
        calibrated(tested, context.folder, context.say)
    except ModelError as error:
        chosen.remove(OURS["int8"])
        remarks.append(f"{OURS['int8'].name} was not measured: {error}.")
    return chosen, remarks


def runs(contender: Contender, bf16: bool, threads: int) -> bool:
    """Whether the contender can run: bf16 needs a processor with it; the slowest is measured on one thread alone."""
    if contender.precision == "bf16" and not bf16:
        return False
    return threads == 1 or contender.runtime != "plain"


def takes(contender: Contender, batch: int) -> bool:
    """Whether the contender is measured at this batch size: BigDL's forward takes images singly anyway."""
    return batch == 1 or contender.runtime != "plain"


def check_running(chosen: Sequence[Contender], workers: Mapping[str, Worker]) -> None:
    """Raise SystemExit when one fell back to something slower than its name says."""
    for contender in chosen:
        running, wanted = workers[contender.name].running, f"{contender.runtime}-{contender.precision}"
        if running != wanted:
            raise SystemExit(f"{contender.name} runs as {running}, not as {wanted}")


def _start(contender: Contender, tested: Subject, context: Context, threads: int, batches: Sequence[int]) -> Worker:
    if contender.runtime in ("onnxruntime", "openvino"):
        program = [str(context.peers_python), str(ROOT / "bench" / "engine" / "peer_worker.py")]
        shape, model = ",".join(map(str, SHAPE)), tested.onnx
        if contender.precision == "int8":
            model = quantised(tested, context.folder, context.peers_python, context.say)
        arguments = [contender.runtime, model, contender.precision, threads, tested.inputs, shape]
        command = [*program, *map(str, arguments)]
    else:
        bundle, sizes = _bundle(contender, tested, context), ",".join(map(str, batches))
        command = java(SERVER, contender.runtime, bundle, contender.precision, threads, tested.inputs, sizes)
    log = context.log(contender.name.lower().replace(" ", "-"))
    return Worker(command, context.machine.last(threads), log)


def _bundle(contender: Contender, tested: Subject, context: Context) -> Path:
    if contender.precision == "int8":
        return calibrated(tested, context.folder, context.say)
    return tested.rival if contender.runtime == "mkldnn" else tested.bundle


def _one_batch(context: Context, workers: Mapping[str, Worker], batch: int) -> tuple[Speeds, Mapping[str, Agreement]]:
    answers: dict[str, NDArray[np.float32]] = {}
    for name, worker in workers.items():
        worker.open(batch)
        answers[name] = worker.answers(batch)
    agreements = {name: agreement(answers[name], answers[REFERENCE]) for name in answers}
    refuse_wrong(agreements)
    context.say(f"batch {batch}, {context.rounds} rounds")
    turns = {name: partial(worker.measure, context.round_ms) for name, worker in workers.items()}
    return interleaved(turns, context.rounds), agreements


def by_processor(speeds: Speeds) -> Rates:
    """Images a second of processor time in each round: what other programs take of the clock is nobody's merit."""
    return {name: [speed.processor for speed in rounds] for name, rounds in speeds.items()}


def agreement(answers: NDArray[np.float32], expected: NDArray[np.float32]) -> Agreement:
    """Of probabilities (n, classes)."""
    same = float(np.mean(answers.argmax(1) == expected.argmax(1)))
    return Agreement(float(np.abs(answers - expected).max()), same)


def refuse_wrong(agreements: Mapping[str, Agreement]) -> None:
    """Raise SystemExit for wrong answers: how fast they come is nobody's business."""
    for contender in CONTENDERS:
        found = agreements.get(contender.name)
        # Written so that NaN, which compares with nothing, is refused too.
        if found is not None and not found.deviation <= TOLERANCE[contender.precision]:
            raise SystemExit(f"{contender.name} is off by {found.deviation:.3g}: not measured")


def row(contender: Contender, batch: int, speeds: Sequence[Speed], found: Agreement) -> tuple[str, ...]:
    """The contender's line of the table; the rounds' spread is that of processor time."""
    clock, processor = median(speed.clock for speed in speeds), [speed.processor for speed in speeds]
    spread = f"{number(min(processor))} to {number(max(processor))}"
    deviation, same = f"{found.deviation:.1e}", f"{found.same_first:.0%}"
    return contender.name, str(batch), number(clock), number(median(processor)), spread, deviation, same


def compared(chosen: Sequence[Contender], rates: Rates, prefix: str) -> list[Figure]:
    """Ours against the better peer of the same precision, and against BigDL's own engines."""
    present = {contender.name for contender in chosen}
    figures = []
    for contender in chosen:
        rivals = [name for name in RIVALS.get(contender.precision, ()) if name in present]
        if contender.ours and rivals:
            best = fastest(rates, rivals)
            goal = GOALS[contender.precision]
            name = f"{prefix}-{contender.precision}-to-{slug(best)}"
            figures.append(Figure(name, ratio(rates, contender.name, best), "x", goal))
        if contender.ours:
            figures += [
                Figure(f"{prefix}-{contender.precision}-to-{slug(own)}", ratio(rates, contender.name, own), "x")
                for own in ("BigDL mkldnn", "BigDL forward")
                if own in present
            ]
    return figures


def slug(name: str) -> str:
    """A contender's name as a figure's name holds it."""
    return name.lower().replace(" ", "-")
