"""Contenders in processes of their own, each over the whole table at its turn."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyspark

from bench.engine.context import ROOT
from bench.engine.topic import Labels
from bench.engine.worker import one_thread_environment
from sightline_local.child import end_child

END_DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Entrant:
    """A way to classify the table: its name, the program that does it, in what environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Contender:
    """An entrant at work. The first turn, which loads, is not one: it gives the labels."""

    def __init__(self, entrant: Entrant, images: int, log: Path) -> None:
        self._name, self._images, self._log = entrant.name, images, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as noise:
            self._process = subprocess.Popen(
                entrant.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                env={**os.environ, **entrant.environment, "SPARK_LOCAL_IP": "127.0.0.1"},
                cwd=ROOT,
                start_new_session=True,
            )
        self.labels = self._turn()[1]

    def rate(self) -> float:
        """One turn: images a second."""
        return self._images / self._turn()[0]

    def _turn(self) -> tuple[float, Labels]:
        """Raises SystemExit when the process ends, or does not classify every image."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit(f"{self._name} has no pipes")
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(b"bench "):
                seconds, labels = json.loads(line.removeprefix(b"bench "))
                if len(labels) != self._images or None in labels.values():
                    raise SystemExit(f"{self._name} did not classify every image: see {self._log}")
                return seconds, {number.encode(): label for number, label in labels.items()}
        raise SystemExit(f"{self._name} ended with status {self._process.wait()}: see {self._log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process and what it started."""
        end_child(self._process, END_DEADLINE_S)


def ours(way: str, precision: str, table: Path, models: Path, model: str) -> Entrant:
    """Sightline: `transformer` or `sql`."""
    command = [sys.executable, "-m", "bench.spark.ours", way, precision, str(table), str(models), model]
    return Entrant(f"{way} {precision}", command, {"PYSPARK_PYTHON": sys.executable})


def peer(python: Path, runtime: str, precision: str, model: Path, table: Path) -> Entrant:
    """`predict_batch_udf`: Spark itself comes from the project's environment, as an archive; the rest is the peers'."""
    spark = Path(pyspark.__file__).parent
    archives = sorted((spark / "python" / "lib").glob("*.zip"))
    environment = {
        **one_thread_environment(),
        "PYTHONPATH": ":".join(map(str, archives)),
        "SPARK_HOME": str(spark),
    }
    script = ROOT / "bench" / "spark" / "udf.py"
    command = [str(python), str(script), runtime, precision, str(model), str(table)]
    return Entrant(f"{runtime} {precision}", command, environment)
