"""Contenders in processes of their own, each over the whole table at its turn."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Final, Self

from bench.engine.context import ROOT
from bench.engine.topic import Labels
from bench.engine.worker import Speed
from bench.stream import cpu_seconds, tree
from sightline_local.child import end_child

END_DEADLINE_S: Final = 30.0
TURN_DEADLINE_S: Final = 600.0  # ten times what the slowest takes for the whole table
FEW, WHOLE = 0, 1  # the tables, by their place in each entrant's command


@dataclass(frozen=True, slots=True)
class Entrant:
    """A way to classify the tables: its name, the program that does it, in what environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Contender:
    """An entrant at work, in a process tree of its own."""

    def __init__(self, entrant: Entrant, images: int, log: Path) -> None:
        """Start it and classify the table once, untimed: this loads, warms up, and gives the labels."""
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
            )
        try:
            self.labels = self._whole()[1]
        except BaseException:
            self._end()
            raise

    def turn(self) -> Speed:
        """Classify the table.

        First a few photos, untimed: after a minute without work Spark ends the Python processes that hold a peer's
        model, and what it takes to have them back is not what is measured.
        """
        self._classify(FEW)
        before = cpu_seconds(tree(self._process.pid))
        seconds = self._whole()[0]
        return Speed(self._images / seconds, self._images / (cpu_seconds(tree(self._process.pid)) - before))

    def _whole(self) -> tuple[float, Labels]:
        seconds, labels = self._classify(WHOLE)
        require_all(self._name, labels, self._images, self._log)
        return seconds, {number.encode(): label for number, label in labels.items()}

    def _classify(self, table: int) -> tuple[float, dict[str, int]]:
        """Seconds, and the labels by number. Raises SystemExit when the process ends, or is ended for being late."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit(f"{self._name} has no pipes")
        try:
            self._process.stdin.write(b"%d\n" % table)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        late = Timer(TURN_DEADLINE_S, self._process.terminate)
        late.start()
        try:
            for line in self._process.stdout:
                if line.startswith(b"bench "):
                    seconds, labels = json.loads(line.removeprefix(b"bench "))
                    return seconds, labels
        finally:
            late.cancel()
        raise self._ended()

    def _ended(self) -> SystemExit:
        end_child(self._process, END_DEADLINE_S)
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        return SystemExit(f"{self._name} ended with status {self._process.returncode}; the end of {self._log}:\n{tail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process and what it started."""
        self._end()

    def _end(self) -> None:
        with self._process:  # which closes the pipes
            end_child(self._process, END_DEADLINE_S)


def require_all(name: str, labels: Mapping[str, int | None], images: int, log: Path) -> None:
    """Raise SystemExit unless there is a label for each of as many images: failing is fast."""
    lacking = images - sum(label is not None for label in labels.values())
    if lacking:
        raise SystemExit(f"{name} did not classify {lacking} of {images} images: see {log}")
