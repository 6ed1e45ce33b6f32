"""Containers are killed, paused and cut off under load; nothing that was promised is lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from tests.docker.project import Project
from tests.e2e.system import eventually
from tests.traffic import Ledger, assert_nothing_lost, traffic

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

BROKEN_S = 20
Fault = Callable[[Project], None]


@pytest.fixture
def load(project: Project) -> Iterator[Ledger]:
    """Uploads and frames while the test runs; at its end all that was promised has a result."""
    with traffic(project.url, project.bridge) as ledger:
        ledger.await_more(uploads=20, frames=20)
        yield ledger
        ledger.await_more(uploads=20, frames=20)
    assert_nothing_lost(ledger, project.results)


@pytest.mark.usefixtures("needs_root")
@pytest.mark.parametrize("service", ["kafka", "gateway", "classifier", "bridge"])
def test_a_killed_container_comes_back(project: Project, load: Ledger, service: str) -> None:
    """Kill -9 of its first process: the engine starts it again, and it is healthy again."""
    before = project.container(service).attrs
    with load.unpromised_frames() if service == "bridge" else nullcontext():
        project.kill(service)
        eventually(lambda: _restarted(project, service, before["State"]["StartedAt"]), 60, f"a new {service}")
    project.await_healthy(service)
    assert project.container(service).attrs["RestartCount"] > before["RestartCount"]


def test_a_paused_broker_holds_everything_up_and_loses_nothing(project: Project, load: Ledger) -> None:
    """SIGSTOP for 20 s: uploads wait or get 503, frames wait; then all goes on by itself."""
    broker = project.container("kafka")
    broker.pause()
    try:
        _stays_broken(load)
    finally:
        broker.unpause()
    _goes_on(project, load)


def test_a_cut_network_holds_everything_up_and_loses_nothing(project: Project, load: Ledger) -> None:
    """The broker's cable is pulled for 20 s: nobody is told, packets just stop."""
    with _cut_off(project, "kafka"):
        _stays_broken(load)
    _goes_on(project, load)


def _restarted(project: Project, service: str, before: str) -> bool:
    state = project.container(service).attrs["State"]
    return bool(state["Running"]) and state["StartedAt"] != before


def _stays_broken(load: Ledger) -> None:
    """Let the fault last; nothing may be promised meanwhile but what was on its way."""
    time.sleep(BROKEN_S / 4)
    promised = len(load.ids) + len(load.names)
    time.sleep(BROKEN_S * 3 / 4)
    assert len(load.ids) + len(load.names) == promised


def _goes_on(project: Project, load: Ledger) -> None:
    for service in ("kafka", "gateway", "classifier", "bridge"):
        project.await_healthy(service)
    load.await_more(uploads=50, frames=20)


@contextmanager
def _cut_off(project: Project, service: str) -> Iterator[None]:
    network = project.engine.networks.get(f"{project.name}_default")
    container = project.container(service)
    connection = container.attrs["NetworkSettings"]["Networks"][network.name]
    network.disconnect(container)
    try:
        yield
    finally:
        network.connect(container, aliases=connection["Aliases"], ipv4_address=None)
