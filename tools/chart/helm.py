"""Helm and its companions, as programs of this machine."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

# Helm built from its module believes in a Kubernetes of 2020 unless it is told.
KUBE_VERSION: Final = "1.34.4"
_SECONDS: Final = 60


def cache() -> Path:
    """The folder of what is built once and kept outside the clone."""
    return Path(os.environ.get("SIGHTLINE_CACHE") or Path.home() / ".cache" / "sightline")


def find_tool(name: str) -> Path | None:
    """The program `name`: from the cache, else from the PATH."""
    built = cache() / "bin" / name
    if built.is_file():
        return built
    found = shutil.which(name)
    return Path(found) if found else None


def helm(*arguments: str | Path, plugins: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm, with the plugins of a folder; what it printed, and its status.

    Raises:
        FileNotFoundError: there is no Helm here.
    """
    program = find_tool("helm")
    if program is None:
        raise FileNotFoundError("Helm is missing: tools/engines/go-tools.sh helm")
    environment = os.environ | ({"HELM_PLUGINS": str(plugins)} if plugins else {})
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def template(chart: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Render the chart as release `s` in namespace `demo`, the test's hook included."""
    return helm("template", "s", chart, "--namespace", "demo", "--kube-version", KUBE_VERSION, *arguments)
