"""Finds the processes of one local run by a mark in their environment, children of children included."""

import os
import signal
import time
from pathlib import Path
from typing import Final

# Set for the supervisor only, so everything below it inherits it; the value is the state directory.
MARKER: Final = "SIGHTLINE_SUPERVISED_BY"


def members(state_dir: Path) -> dict[int, str]:
    """Command line by process id of every living process of the run (zombies do not count)."""
    mark = os.fsencode(f"{MARKER}={state_dir}")
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            command = _command_if_marked(entry, mark)
            if command:
                found[int(entry.name)] = command
    return found


def end_members(state_dir: Path, deadline_s: float) -> dict[int, str]:
    """Wait for the run's processes to end; at the deadline kill those left and return them by process id."""
    end = time.monotonic() + deadline_s
    while members(state_dir):
        if time.monotonic() > end:
            return _kill(state_dir)
        time.sleep(0.1)
    return {}


def _kill(state_dir: Path) -> dict[int, str]:
    killed: dict[int, str] = {}
    # A process may start another between the look and the signal, so look again until none is left.
    while left := members(state_dir):
        killed |= left
        for pid in left:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.1)
    return killed


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _command_if_marked(process: Path, mark: bytes) -> str:
    try:
        if mark not in (process / "environ").read_bytes().split(b"\0"):
            return ""
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # ended meanwhile, or somebody else's
        return ""
