"""One system for all end-to-end tests."""

from collections.abc import Iterator

import httpx
import pytest

from sightline_local.check import missing_prerequisites
from sightline_local.processes import members
from sightline_spark.settings import ClassifierSettings
from tests.e2e.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Everything that `make up` starts, ready. Tests may break it, but leave it running and healthy."""
    if problems := missing_prerequisites():
        pytest.skip("; ".join(problems))
    if not any(ClassifierSettings().classifier_engine_dir.glob("*.jar")):
        pytest.skip("the inference engine is not built: make engine")
    running = System.in_folder(tmp_path_factory.mktemp("system").resolve())
    try:
        up = running.command("up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield running
    finally:
        running.command("down")
    assert members(running.state_dir) == {}


@pytest.fixture
def http(system: System) -> Iterator[httpx.Client]:
    """A client of the system's gateway."""
    with system.http() as client:
        yield client
