"""The gateway that is measured: a process as users start it, and what Linux says of it."""

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
from sightline_local.ports import free_port

READY_DEADLINE_S: Final = 30.0
STOP_DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """Where it listens, and its process id."""

    address: str
    pid: int

    def ready(self) -> bool:
        """Whether /readyz says 200."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=2):
                return True
        except OSError:
            return False

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
def gateway(bootstrap: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[GatewayProcess]:
    """`python -m sightline_gateway` with its defaults but for `settings`, from ready to stopped."""
    port = free_port()
    environment = {
        **os.environ,
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SIGHTLINE_GATEWAY_STATE_DIR": str(folder / "gateway"),
        "SIGHTLINE_GATEWAY_PORT": str(port),
        "SIGHTLINE_LOG_LEVEL": "WARNING",
        **(settings or {}),
    }
    log_file = folder / "gateway.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "sightline_gateway"], env=environment, stdout=log, stderr=log)
    try:
        started = GatewayProcess(f"127.0.0.1:{port}", process.pid)
        _wait_ready(started, process, log_file)
        yield started
    finally:
        end_child(process, STOP_DEADLINE_S)


def _wait_ready(started: GatewayProcess, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while not started.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the gateway did not become ready:\n{log_file.read_text()[-2000:]}")
        time.sleep(0.1)
