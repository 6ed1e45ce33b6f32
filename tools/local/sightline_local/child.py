"""Processes that this one has started."""

import subprocess


def end_child(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    """Tell `process` to end, and kill it when it has not after `deadline_s` seconds; it is gone when this returns."""
    process.terminate()
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
