"""Senders of frames for the demo, and a bridge of its own for frames that need another model."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sightline_local.child import end_child
from sightline_local.errors import LocalError
from sightline_local.ports import free_port, is_listening
from sightline_local.settings import ROOT

_SETTINGS: Final = "SIGHTLINE_BRIDGE_"
_START_DEADLINE_S: Final = 30
_STOP_DEADLINE_S: Final = 25
_SEND_DEADLINE_S: Final = 60


@contextmanager
def bridge_for_model(model: str | None, log_file: Path) -> Iterator[int]:
    """Run one more bridge, whose frames ask for `model` and which prints to `log_file`, and yield its port.

    A frame cannot say which model it wants: the bridge's setting does, so each model needs a listener of its own.
    None leaves it to the classifier. What the user says of the run's own bridge does not hold for this one.
    """
    port, management_port = free_port(), free_port()
    changes = {"MODEL": model or "", "PORT": str(port), "MANAGEMENT_PORT": str(management_port), "FRAMING": "fixed28"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    environment = kept | {f"{_SETTINGS}{name}": value for name, value in changes.items()}
    command = [sys.executable, "-m", "sightline_bridge"]
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            if not _listens(process, port):
                raise LocalError(f"the bridge for {model} did not start: see {log_file}")
            yield port
        finally:
            end_child(process, _STOP_DEADLINE_S)


def send_folder(port: int, folder: Path, framing: str) -> None:
    """Send every image of `folder` with `sightline-send`. Raises LocalError with what it printed when it fails."""
    command = [sys.executable, "-m", "sightline_bridge.send", f"127.0.0.1:{port}", str(folder), "--framing", framing]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_SEND_DEADLINE_S, check=False)
    if done.returncode != 0:
        raise LocalError(f"sending over TCP failed:\n{done.stderr.strip()}")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + _START_DEADLINE_S
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
