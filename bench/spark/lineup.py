"""Who takes part in which precision, and what is made of their speeds."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import pyspark

from bench.engine.bare import Speeds, by_processor
from bench.engine.context import ROOT
from bench.engine.machine import Machine
from bench.engine.report import Figure, Table, number
from bench.engine.rounds import Rates, ratio
from bench.engine.worker import Speed, one_thread_environment
from bench.spark.contest import Entrant

# Ours to theirs: the rivals of the same precision, and the goals.
RIVALS: Final[Mapping[str, tuple[str, ...]]] = {
    "f32": ("onnxruntime", "openvino"),
    "bf16": ("openvino",),  # ONNX Runtime's processor kernels know no bf16
    "int8": ("onnxruntime", "openvino"),
}
TO_RIVAL, TO_BARE, SQL_TO_TRANSFORMER = 1.3, 0.9, 0.8
TRANSFORMER, SQL, BARE = "ImageClassifier", "classify_image", "bare engine"
_RUNTIMES: Final = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


@dataclass(frozen=True, slots=True)
class Files:
    """Of one precision: the folder of our bundles, the rivals' model, and the two tables (a few photos, all)."""

    models: Path
    onnx: Path
    tables: tuple[Path, Path]


def precisions(machine: Machine, only: str | None) -> list[str]:
    """The one that is asked for, or those that this machine has."""
    if only is not None:
        return [only]
    return [precision for precision in RIVALS if precision != "bf16" or machine.bf16]


def entrants(precision: str, model: str, files: Files, peers_python: Path) -> list[Entrant]:
    """Ours by name, and the rivals."""
    tables = list(map(str, files.tables))
    chosen = []
    for way, name in (("transformer", TRANSFORMER), ("sql", SQL)):
        command = [sys.executable, "-m", "bench.spark.ours", way, precision, str(files.models), model, *tables]
        chosen.append(Entrant(name, command, {"PYSPARK_PYTHON": sys.executable}))
    script = str(ROOT / "bench" / "spark" / "udf.py")
    for runtime in RIVALS[precision]:
        command = [str(peers_python), script, runtime, precision, str(files.onnx), *tables]
        chosen.append(Entrant(rival(runtime), command, _peers_environment()))
    return chosen


def rival(runtime: str) -> str:
    """Its line in the table."""
    return f"predict_batch_udf, {_RUNTIMES[runtime]}"


def _peers_environment() -> Mapping[str, str]:
    """Spark itself comes from the project's environment, as an archive; the rest is the peers'."""
    spark = Path(pyspark.__file__).parent
    archives = sorted((spark / "python" / "lib").glob("*.zip"))
    return {
        **one_thread_environment(),
        "PYTHONPATH": ":".join(map(str, archives)),
        "SPARK_HOME": str(spark),
    }


def figures(precision: str, speeds: Speeds) -> tuple[Figure, ...]:
    """Ours against each rival and the bare engine, and the function against the Transformer: clock, then processor."""
    clock = {name: [speed.clock for speed in rounds] for name, rounds in speeds.items()}
    held = _ratios(f"spark-{precision}", precision, clock)
    told = _ratios(f"spark-{precision}-cpu", precision, by_processor(speeds))
    return (*held, *(Figure(figure.name, figure.value, figure.unit) for figure in told))


def _ratios(prefix: str, precision: str, rates: Rates) -> list[Figure]:
    found = [
        Figure(f"{prefix}-to-{runtime}", ratio(rates, TRANSFORMER, rival(runtime)), "x", TO_RIVAL)
        for runtime in RIVALS[precision]
    ]
    found.append(Figure(f"{prefix}-to-bare", ratio(rates, TRANSFORMER, BARE), "x", TO_BARE))
    found.append(Figure(f"{prefix}-sql-to-transformer", ratio(rates, SQL, TRANSFORMER), "x", SQL_TO_TRANSFORMER))
    return found


def table(precision: str, speeds: Speeds, agreements: Mapping[str, float]) -> Table:
    """A line for each contender."""
    header = (f"{precision}, two cores", "images/s", "images/core-s", "rounds", "same first label")
    return Table(header, tuple(_row(name, rounds, agreements.get(name)) for name, rounds in speeds.items()))


def _row(name: str, rounds: Sequence[Speed], same: float | None) -> tuple[str, ...]:
    clock = [speed.clock for speed in rounds]
    spread = f"{number(min(clock))} to {number(max(clock))}"
    processor = number(median(speed.processor for speed in rounds))
    return name, number(median(clock)), processor, spread, "" if same is None else f"{same:.0%}"
