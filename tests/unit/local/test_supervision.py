"""supervisord is started and talked to for real; its programs are stand-ins that need no Kafka."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_local import supervisor as supervisor_module
from sightline_local.errors import LocalError
from sightline_local.processes import end_members, members
from sightline_local.programs import Program
from sightline_local.supervisor import Supervisor

pytestmark = pytest.mark.process

DEADLINE_S = 60


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A running supervisor in a folder whose name is awkward and too long for a Unix socket."""
    state = tmp_path / "100% awkward" / ("long" * 30)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(supervisor_module, "PROGRAMS", _stand_ins(tmp_path))
    state.mkdir(parents=True)
    (state / "environment.json").write_text("{}")  # an earlier run's, readable by all
    running = Supervisor(state)
    running.start()
    try:
        yield running
    finally:
        if running.pid() is not None:
            running.shut_down()
        end_members(state, DEADLINE_S)
    assert members(state) == {}


def _stand_ins(folder: Path) -> tuple[Program, ...]:
    (folder / "sleeper.py").write_text("import time\nprint('awake', flush=True)\ntime.sleep(600)\n")
    (folder / "parent.py").write_text(
        "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('with child', flush=True)\ntime.sleep(600)\n"
    )
    return (
        Program("sleeper", "sleeper", stop_s=5),
        Program("once", "this", stop_s=5, one_shot=True),
        Program("broken", "no_such_module", stop_s=5),
        Program("parent", "parent", stop_s=5),
    )


def _await_state(supervisor: Supervisor, name: str, wanted: str, *, but_pid: int = 0) -> int:
    """The process id of the program once it is in that state, by another process than `but_pid`."""
    end = time.monotonic() + DEADLINE_S
    while True:
        state = next(state for state in supervisor.states() if state.name == name)
        if state.state == wanted and (not but_pid or state.pid != but_pid):
            return state.pid
        assert time.monotonic() < end, state
        time.sleep(0.05)


def _await_words(supervisor: Supervisor, name: str, words: str) -> None:
    """Wait for them in its log: a program counts as running whether or not it has come that far."""
    end = time.monotonic() + DEADLINE_S
    while words not in (printed := supervisor.log_file(name).read_text()):
        assert time.monotonic() < end, printed
        time.sleep(0.05)


def test_it_runs_restarts_and_gives_up(supervisor: Supervisor) -> None:
    first = _await_state(supervisor, "sleeper", "RUNNING")
    _await_words(supervisor, "sleeper", "awake")
    os.kill(first, signal.SIGKILL)
    _await_state(supervisor, "sleeper", "RUNNING", but_pid=first)
    _await_state(supervisor, "broken", "FATAL")
    assert "no_such_module" in supervisor.log_file("broken").read_text()
    assert next(state for state in supervisor.states() if state.name == "once").done


def test_a_stopped_program_stays_stopped_until_started(supervisor: Supervisor) -> None:
    _await_state(supervisor, "sleeper", "RUNNING")
    supervisor.stop_program("sleeper")
    _await_state(supervisor, "sleeper", "STOPPED")
    supervisor.start_stopped()
    _await_state(supervisor, "sleeper", "RUNNING")


def test_shut_down_ends_children_of_programs_too(supervisor: Supervisor) -> None:
    _await_state(supervisor, "parent", "RUNNING")
    _await_words(supervisor, "parent", "with child")
    state_dir = supervisor.log_file("parent").parents[1]
    assert len(members(state_dir)) >= 4  # the supervisor, the sleeper, the parent and its child
    supervisor.shut_down()
    assert end_members(state_dir, DEADLINE_S) == {}
    assert supervisor.pid() is None
    with pytest.raises(LocalError, match="does not answer"):
        supervisor.states()


def test_what_outlives_the_deadline_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"]
    environment = os.environ | {"SIGHTLINE_SUPERVISED_BY": str(tmp_path)}
    with subprocess.Popen(command, env=environment) as stubborn:
        assert stubborn.pid in members(tmp_path)
        assert list(end_members(tmp_path, 0.2)) == [stubborn.pid]
        assert stubborn.wait(DEADLINE_S) == -signal.SIGKILL
    assert members(tmp_path) == {}


def test_changed_settings_are_named(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert supervisor.changed_settings() == []
    monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", "1")
    assert supervisor.changed_settings() == ["SIGHTLINE_GATEWAY_PORT"]


def test_nobody_else_reads_the_programs_secrets(supervisor: Supervisor) -> None:
    """Kafka's password and a collector's tokens were once written for every user of the machine to read."""
    file = supervisor.log_file("sleeper").parents[1] / "environment.json"
    assert file.stat().st_mode & 0o777 == 0o600
