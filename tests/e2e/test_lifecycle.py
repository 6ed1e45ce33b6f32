"""up, down and up again: no process is left, and nothing is forgotten."""

import httpx
import pytest

from sightline_local.ports import is_taken
from sightline_local.processes import members
from sightline_local.samples import digit
from tests.e2e.system import System, eventually, post

pytestmark = pytest.mark.e2e


def test_up_again_changes_nothing(system: System) -> None:
    before = {state.name: state.pid for state in system.supervisor.states()}
    again = system.command("up")
    assert again.returncode == 0, again.stderr
    assert {state.name: state.pid for state in system.supervisor.states()} == before


def test_up_refuses_other_settings_while_it_runs(system: System) -> None:
    """Ports that silently stay as they were would send people looking in the wrong place."""
    other = System(system.state_dir, system.environment | {"SIGHTLINE_DEFAULT_MODEL": "other"})
    refused = other.command("up")
    assert refused.returncode == 1
    assert "SIGHTLINE_DEFAULT_MODEL" in refused.stderr


def test_a_taken_port_is_named_with_its_setting(system: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    rival = System.in_folder(tmp_path_factory.mktemp("rival").resolve())
    taken = system.environment["SIGHTLINE_GATEWAY_PORT"]
    rival.environment["SIGHTLINE_GATEWAY_PORT"] = taken
    refused = rival.command("up")
    assert refused.returncode == 1
    assert f"port {taken} is taken" in refused.stderr
    assert "SIGHTLINE_GATEWAY_PORT" in refused.stderr
    assert members(rival.state_dir) == {}


def test_one_program_is_restarted_and_the_others_go_on(system: System) -> None:
    before = {state.name: state.pid for state in system.supervisor.states()}
    restarted = system.command("restart", "bridge")
    assert restarted.returncode == 0, restarted.stderr
    assert f"frames: default  listening on 127.0.0.1:{system.port('BRIDGE_PORT')}" in restarted.stdout
    after = {state.name: state.pid for state in system.supervisor.states()}
    assert {name for name, pid in after.items() if pid != before[name]} == {"bridge"}
    assert "frames: default  listening on" in system.command("status").stdout


def test_logs_show_what_a_program_printed(system: System) -> None:
    shown = system.command("logs", "broker")
    assert "Kafka Server started" in shown.stdout
    assert system.command("logs", "nobody").returncode == 1


@pytest.mark.timeout(500)
def test_down_leaves_no_process_and_up_remembers(system: System, http: httpx.Client) -> None:
    result = post(http, digit(9), wait_s=30).json()
    assert members(system.state_dir)

    down = system.command("down")
    assert down.returncode == 0, down.stderr
    assert members(system.state_dir) == {}
    assert "killed" not in down.stdout
    assert not any(is_taken(int(value)) for name, value in system.environment.items() if name.endswith("_PORT"))
    assert system.command("status").returncode == 1

    up = system.command("up")
    assert up.returncode == 0, up.stderr
    kept = eventually(
        lambda: (got := http.get(f"/v1/images/{result['id']}")).status_code == 200 and got, 30, "the earlier result"
    )
    assert kept.json() == result
