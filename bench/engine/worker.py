"""A contender in a process of its own, driven line by line (see BenchmarkServer.java and peer_worker.py)."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Before they are loaded, native libraries must know that each thread computes alone.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "KMP_BLOCKTIME": "0", "KMP_AFFINITY": "disabled", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Speed:
    """Images a second of the clock, and a second of processor time: the same where nothing else wants the processor."""

    clock: float
    processor: float


class Worker:
    """Start it, `open` a batch size, then `answers` and `measure`. Its noise goes to `log`.

    Raises SystemExit, naming the log, when the process ends before its time.
    """

    def __init__(self, command: Sequence[str], processors: Sequence[int], log: Path) -> None:
        self._log = log
        self._answers = log.with_suffix(".f32")
        log.parent.mkdir(parents=True, exist_ok=True)
        pinned = ["taskset", "-c", ",".join(map(str, processors)), *command]
        with log.open("wb") as noise:
            self._process = subprocess.Popen(
                pinned,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
                env=one_thread_environment(),
            )
        self.running, load_ms = self._read()
        self.load_s = int(load_ms) / 1000

    def open(self, batch: int) -> None:
        """Prepare for batches of this size; forgets the one before."""
        self._ask(f"open {batch}")

    def answers(self, batch: int) -> NDArray[np.float32]:
        """Probabilities (batch, classes) of the first `batch` inputs."""
        self._ask(f"answers {self._answers}")
        return np.fromfile(self._answers, "<f4").reshape(batch, -1)

    def measure(self, milliseconds: int) -> Speed:
        """Over at least one batch a thread, and more until the time is over."""
        images, nanos, processor_nanos = map(int, self._ask(f"measure {milliseconds}"))
        return Speed(images * 1e9 / nanos, images * 1e9 / processor_nanos)

    def _ask(self, command: str) -> list[str]:
        if self._process.stdin is None:
            raise SystemExit("the worker has no input")
        try:
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return self._read()

    def _read(self) -> list[str]:
        if self._process.stdout is None:
            raise SystemExit("the worker has no output")
        for line in self._process.stdout:
            if line.startswith("bench "):
                return line.split()[1:]
        raise self._ended()

    def _ended(self) -> SystemExit:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        return SystemExit(f"a contender ended with status {self._process.wait()}; the end of {self._log}:\n{tail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End of its input ends the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def one_thread_environment() -> Mapping[str, str]:
    """The environment that child processes get: native libraries compute on the thread that calls them."""
    return {**os.environ, **ONE_THREAD}
