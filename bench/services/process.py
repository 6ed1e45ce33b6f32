"""A service that is measured: a process as users start it, and what Linux says of it."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline_local.child import end_child

READY_DEADLINE_S: Final = 30.0
STOP_DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """Where its clients find it (HOST:PORT), where it answers probes, and its process id."""

    address: str
    probes: str
    pid: int

    def ready(self) -> bool:
        """Whether /readyz says 200."""
        try:
            with urllib.request.urlopen(f"http://{self.probes}/readyz", timeout=2):
                return True
        except OSError:
            return False

    def until_ready(self, deadline_s: float) -> None:
        """Return once it is ready. Raises SystemExit when that takes longer."""
        deadline = time.monotonic() + deadline_s
        while not self.ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"the service on {self.address} did not become ready within {deadline_s:g} s")
            time.sleep(0.1)

    def peak_rss(self) -> int:
        """The most bytes of memory that it ever had, as Linux counts them."""
        return status_bytes(Path(f"/proc/{self.pid}/status").read_text(encoding="ascii"), "VmHWM")

    def rss(self) -> int:
        """Bytes of memory that it has now."""
        return status_bytes(Path(f"/proc/{self.pid}/status").read_text(encoding="ascii"), "VmRSS")


def status_bytes(status: str, field: str) -> int:
    """A field of /proc/PID/status in bytes. Raises ValueError when it is not there."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise ValueError(f"no {field} in the status of a process")


@contextmanager
def service(
    module: str, addresses: tuple[str, str], settings: Mapping[str, str], log_file: Path
) -> Iterator[ServiceProcess]:
    """`python -m module` with its defaults but for `settings`, from ready to stopped.

    `addresses` are where its clients find it and where it answers probes.
    """
    environment = {**os.environ, "SIGHTLINE_LOG_LEVEL": "WARNING", **settings}
    with log_file.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=log, stderr=log)
    try:
        started = ServiceProcess(*addresses, process.pid)
        _wait_ready(started, process, log_file)
        yield started
    finally:
        end_child(process, STOP_DEADLINE_S)


def _wait_ready(started: ServiceProcess, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while not started.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the service did not become ready:\n{log_file.read_text()[-2000:]}")
        time.sleep(0.1)
