"""What the chart renders to for each file of values in its `ci` folder, kept so that a change shows in a review."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.chart.files import CHART, ROOT, chart_files
from tools.chart.helm import find_tool, template

GOLDEN: Final = ROOT / "tests" / "chart" / "golden"
_SUFFIX: Final = "-values.yaml"


def value_files() -> dict[str, Path]:
    """The files of values to render, by name."""
    return {path.name.removesuffix(_SUFFIX): path for path in sorted((CHART / "ci").glob(f"*{_SUFFIX}"))}


def golden_files() -> dict[Path, str]:
    """Path and text of each render; nothing where there is no Helm.

    Raises:
        RuntimeError: Helm refused the chart.
    """
    if find_tool("helm") is None:
        return {}
    with TemporaryDirectory() as folder:
        chart = _as_generated(Path(folder))
        return {GOLDEN / f"{name}.yaml": render(chart, values) for name, values in value_files().items()}


def render(chart: Path, values: Path) -> str:
    """The chart's manifests for one file of values.

    Raises:
        RuntimeError: Helm refused them.
    """
    done = template(chart, "--values", values)
    if done.returncode:
        raise RuntimeError(f"{values.name}: {done.stderr}")
    return done.stdout


def _as_generated(folder: Path) -> Path:
    """A copy of the chart with its generated files as they will be."""
    chart = folder / CHART.name
    shutil.copytree(CHART, chart)
    for path, text in chart_files().items():
        target = chart / path.relative_to(CHART)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return chart
