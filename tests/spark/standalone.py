"""A real Spark standalone cluster on loopback: a master, workers, and the executors that they start."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sightline_local.ports import free_port, is_listening

SECRET = "of-the-tests-alone-not-of-any-system"
DEADLINE_S = 60.0


class Standalone:
    """One master and one worker, whose logs are in `folder`. `environment` is what a classifier needs to use them."""

    def __init__(self, folder: Path, *, executors: int) -> None:
        self.folder = folder
        self._port = free_port()
        self.environment = {
            "SIGHTLINE_CLASSIFIER_MASTER": f"spark://127.0.0.1:{self._port}",
            "SIGHTLINE_CLASSIFIER_EXECUTORS": str(executors),
            "SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY": "700m",
            "SIGHTLINE_CLASSIFIER_DRIVER_HOST": "127.0.0.1",
            "SIGHTLINE_CLASSIFIER_DRIVER_PORT": str(free_port()),
            "SIGHTLINE_CLASSIFIER_BLOCK_MANAGER_PORT": str(free_port()),
            "SIGHTLINE_CLASSIFIER_DRIVER_MEMORY": "700m",
            "SIGHTLINE_CLASSIFIER_SPARK_SECRET": SECRET,
            "SIGHTLINE_LOG_FORMAT": "json",
            "TMPDIR": str(folder),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, role: str, **settings: str) -> None:
        """Start `master`, and wait for its port, or a worker by any other name, with other `settings` than the rest."""
        arguments = ["master", "--state-dir", str(self.folder / "state")] if role == "master" else ["worker"]
        with self.log_of(role).open("ab") as log:
            self._processes[role] = subprocess.Popen(
                [sys.executable, "-m", "sightline_spark.node", *arguments],
                env=os.environ | self.environment | settings,
                stdout=log,
                stderr=log,
            )
        if role == "master":
            until(lambda: is_listening(self._port), "the master listens", self.logs)

    def kill(self, role: str) -> None:
        """SIGKILL."""
        process = self._processes.pop(role)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End both; the worker ends its executors."""
        for process in reversed(self._processes.values()):
            process.terminate()
        for process in self._processes.values():
            process.wait(DEADLINE_S)
        until(lambda: not self.executors(), "the executors have ended", self.logs)

    def log_of(self, role: str) -> Path:
        """Where the process logs; the executors log into their worker's."""
        return self.folder / f"{role}.log"

    def logs(self) -> str:
        """What all of them have logged."""
        return "".join(log.read_text() for log in sorted(self.folder.glob("*.log")))

    def executors(self) -> list[int]:
        """Process ids of the executors: JVMs that connect to a driver and work in a folder of this cluster's worker."""
        return [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._is_executor(entry)
        ]

    def _is_executor(self, process: Path) -> bool:
        try:
            command = (process / "cmdline").read_bytes()
            return b"CoarseGrainedExecutorBackend" in command and (process / "cwd").readlink().is_relative_to(
                self.folder
            )
        except OSError:
            return False  # it has just ended


@contextmanager
def standalone(folder: Path, *, executors: int) -> Iterator[Standalone]:
    """A running cluster."""
    cluster = Standalone(folder, executors=executors)
    try:
        cluster.start("master")
        cluster.start("worker")
        yield cluster
    finally:
        cluster.stop()


def until(true: Callable[[], object], what: str, logs: Callable[[], str] = lambda: "") -> None:
    """Wait until `true` is; fails the test with `what` and the logs at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, f"not in time: {what}\n{logs()}"
        time.sleep(0.1)
