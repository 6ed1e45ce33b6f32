"""promtool, where it is installed."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

INSTALL = "Debian: apt-get install prometheus"
Promtool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Runs promtool with some arguments and, perhaps, a standard input."""
    if shutil.which("promtool") is None:
        pytest.skip(f"needs promtool: {INSTALL}")

    def run(*arguments: object, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["promtool", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=120, check=False
        )

    return run
