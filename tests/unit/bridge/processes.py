"""The bridge as users start it: a process of its own, watched through its management port."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final

DEADLINE_S: Final = 60.0


def environment(**settings: object) -> dict[str, str]:
    """Our environment with only the SIGHTLINE_ variables given (without their prefix)."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
    return inherited | {f"SIGHTLINE_{name}": str(value) for name, value in settings.items()}


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll `condition`; fails with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(0.05)


@final
class BridgeProcess:
    """A running `python -m sightline_bridge` on ports of its own choice."""

    def __init__(self, process: subprocess.Popen[bytes], log_file: Path) -> None:
        self.process = process
        self.log_file = log_file

    @property
    def port(self) -> int:
        """Where it listens for frames, as its log says."""
        return self._logged_port(r"listening on 127\.0\.0\.1:(\d+)")

    @property
    def management_port(self) -> int:
        """Where it answers probes, as its log says."""
        return self._logged_port(r"management port on 127\.0\.0\.1:(\d+)")

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a path on the management port."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.management_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ready(self) -> bool:
        """Whether it is connected to Kafka."""
        return self.get("/readyz")[0] == 200

    def checks(self) -> dict[str, Any]:
        """The body of /readyz."""
        document: dict[str, Any] = json.loads(self.get("/readyz")[1])
        return document

    def metric(self, sample: str) -> float:
        """A sample by its name and its labels in their order, without `source`: the sum over all sources."""
        name, _, labels = sample.removesuffix("}").partition("{")
        pattern = rf'^sightline_bridge_{name}(?:\{{{re.escape(labels)},?(?:source="[^"]+")?\}})? (\S+)$'
        found = re.findall(pattern, self.get("/metrics")[1], re.MULTILINE)
        assert found, f"no metric {sample}"
        return sum(map(float, found))

    def resident_bytes(self) -> int:
        """Its memory (RSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def terminate(self, deadline_s: float = DEADLINE_S) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(deadline_s)

    def _logged_port(self, pattern: str) -> int:
        found: list[str] = []

        def logged() -> bool:
            assert self.process.poll() is None, self.log_file.read_text()
            found.extend(re.findall(pattern, self.log_file.read_text()))
            return bool(found)

        wait_until(logged, f"{pattern} in the log")
        return int(found[0])


@contextmanager
def bridge_process(folder: Path, **settings: object) -> Iterator[BridgeProcess]:
    """Start the bridge with `settings` (names without SIGHTLINE_); it is killed at the end when it still runs."""
    ports = {"BRIDGE_PORT": 0, "BRIDGE_MANAGEMENT_PORT": 0, "LOG_FORMAT": "text"}
    log_file = folder / "bridge.log"
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "sightline_bridge"]
        env = environment(**ports | settings)
        process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        yield BridgeProcess(process, log_file)
    finally:
        if process.poll() is None:
            process.kill()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
