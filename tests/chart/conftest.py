"""Fixtures of the chart's tests: what it renders to for each file of values."""

from pathlib import Path

import pytest

from tests.chart.renders import Render, parse
from tools.chart.files import CHART
from tools.chart.golden import render, value_files
from tools.chart.helm import find_tool


def _needed(name: str) -> Path:
    found = find_tool(name)
    if found is None:
        pytest.skip(f"{name} is missing: tools/engines/go-tools.sh {name} builds it")
    return found


@pytest.fixture(scope="session")
def helm_program() -> Path:
    """Helm; the test is skipped where there is none."""
    return _needed("helm")


@pytest.fixture(scope="session")
def kubeconform(helm_program: Path) -> Path:
    """The program that checks manifests against Kubernetes' schemas."""
    return _needed("kubeconform")


@pytest.fixture(scope="session")
def unittest_plugins(helm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Helm plugins with helm-unittest in it."""
    program, folder = _needed("helm-unittest"), tmp_path_factory.mktemp("plugins")
    plugin = folder / "unittest"
    plugin.mkdir()
    (plugin / "plugin.yaml").write_text(f"name: unittest\nversion: 0.0.0\ncommand: {program}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def renders(helm_program: Path) -> dict[str, Render]:
    """What the chart renders to, by the name of the file of values."""
    return {name: parse(render(CHART, values)) for name, values in value_files().items()}
