"""A gateway as a process of its own, as it runs in production, and images to send to it."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

_LISTENING = re.compile(r"listening on (http://[^\s\"]+)")


def image_bytes(kind: str = "PNG", size: tuple[int, int] = (28, 28), *, noise: bool = False) -> bytes:
    """A real image file; with `noise` it is about as large as it gets for its size and never the same twice."""
    image = Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3)) if noise else Image.new("RGB", size, "teal")
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def wait_until(condition: Callable[[], Any], deadline_s: float = 60.0) -> Any:
    """What `condition` returns once it is true; fails the test at the deadline."""
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < end, "the condition did not become true in time"
        time.sleep(0.05)
    return value


class GatewayProcess:
    """A running gateway; `client` talks to it."""

    def __init__(self, environment: dict[str, str], log_file: Path) -> None:
        self.log_file = log_file
        with log_file.open("ab") as log:
            self._log_from = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sightline_gateway"], env={**os.environ, **environment}, stdout=log, stderr=log
            )
        try:
            self.url = wait_until(self._address)
        except AssertionError:
            self.process.kill()
            self.process.wait(10)
            raise
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log()
        match = _LISTENING.search(self.log())
        return match[1] if match else None

    def log(self) -> str:
        """What this process has logged so far."""
        return self.log_file.read_bytes()[self._log_from :].decode()

    def checks(self) -> dict[str, Any]:
        """The checks of /readyz."""
        found: dict[str, Any] = self.client.get("/readyz").json()["checks"]
        return found

    def wait_ready(self, deadline_s: float = 60.0) -> None:
        """Return once /readyz says 200."""
        wait_until(lambda: self.client.get("/readyz").status_code == 200, deadline_s)

    def metric(self, name: str) -> float:
        """The value of the metric line that starts with `name`; 0 when there is none."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0.0)

    def terminate(self, deadline_s: float = 30.0) -> int:
        """SIGTERM, then the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline_s)

    def close(self) -> None:
        """End the process if it is still there."""
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@contextmanager
def running_gateway(bootstrap_servers: str, folder: Path, **settings: object) -> Iterator[GatewayProcess]:
    """A gateway on a free port with its state in `folder`; `settings` are fields of GatewaySettings."""
    environment = {
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "SIGHTLINE_GATEWAY_STATE_DIR": str(folder / "state"),
        "SIGHTLINE_GATEWAY_PORT": "0",
        "SIGHTLINE_LOG_FORMAT": "text",
        **{f"SIGHTLINE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    gateway = GatewayProcess(environment, folder / "gateway.log")
    try:
        yield gateway
    finally:
        gateway.close()
