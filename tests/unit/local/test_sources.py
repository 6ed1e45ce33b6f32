"""What the run says of the bridge's sources is what the bridge really has, and a faulty file is said before a start."""

import os
import socket
from pathlib import Path
from unittest.mock import Mock

import pytest

from sightline_local.__main__ import main
from sightline_local.ports import free_port
from sightline_local.settings import Settings
from sightline_local.sources import SourceState, running_sources, shown, source_ports
from sightline_local.supervisor import Supervisor
from sightline_local.up import port_problems
from sightline_local.wait import LogMarks
from tests.unit.bridge.processes import bridge_process, wait_until


@pytest.fixture(autouse=True)
def _settings_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
    monkeypatch.setattr(os, "environ", kept | {"SIGHTLINE_LOCAL_STATE_DIR": str(tmp_path / "state")})


def file_of(tmp_path: Path, *sources: str) -> Path:
    file = tmp_path / "bridge.yaml"
    file.write_text(f"sources: [{', '.join(f'{{{source}}}' for source in sources)}]")
    os.environ["SIGHTLINE_BRIDGE_CONFIG_FILE"] = str(file)
    return file


def test_ports_are_those_of_the_file(tmp_path: Path) -> None:
    """`up` wanted 9500 to be free whatever the file said, and did not look at the file's own ports."""
    assert "SIGHTLINE_BRIDGE_PORT" in Settings.load().ports
    file = file_of(
        tmp_path,
        "name: line-3, type: tcp-listen, port: 9600",
        "name: any, type: tcp-listen, port: 0",
        "name: field, type: udp, port: 9601",
    )
    settings = Settings.load()
    assert "SIGHTLINE_BRIDGE_PORT" not in settings.ports
    assert source_ports(settings.bridge) == {f"source line-3 of {file}": 9600}
    os.environ |= {"SIGHTLINE_BRIDGE_CONFIG_FILE": "", "SIGHTLINE_BRIDGE_SOURCE": "udp"}
    assert "SIGHTLINE_BRIDGE_PORT" not in Settings.load().ports


def test_a_taken_port_of_the_file_is_named_with_its_source(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = file_of(tmp_path, f"name: line-3, type: tcp-listen, port: {port}")
        problems = port_problems(source_ports(Settings.load().bridge))
    assert problems == [
        f"port {port} is taken by another program: stop that program, or give source line-3 of {file} another one"
    ]


def test_a_faulty_file_is_said_once_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bridge was started four times, and its old log shown for it."""
    file = file_of(tmp_path, "name: a, type: tcp-listen", "name: b, type: device")
    assert main(["up"]) == 1
    printed = capsys.readouterr().err
    assert printed.count(f"{file}: source a: port: it is missing\n") == 1
    assert printed.count(f"{file}: source b: path: it is missing\n") == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.process
def test_the_sources_shown_are_those_of_the_running_bridge(tmp_path: Path) -> None:
    path = tmp_path / "local.sock"
    file = file_of(tmp_path, f"name: local, type: unix-listen, path: {path}", "name: x, type: udp, port: 0")
    os.environ["SIGHTLINE_BRIDGE_MANAGEMENT_PORT"] = str(port := free_port())
    bridge = Settings.load().bridge
    assert running_sources(bridge) == [], "nothing answers"
    kafka = f"127.0.0.1:{free_port()}"
    with bridge_process(tmp_path, BRIDGE_CONFIG_FILE=file, BRIDGE_MANAGEMENT_PORT=port, KAFKA_BOOTSTRAP_SERVERS=kafka):
        wait_until(lambda: bool(running_sources(bridge)), "the bridge answers")
        file.write_text("sources: []")
        assert shown(running_sources(bridge)) == [
            f"frames: local  listening on {path}, 0 connections",
            "frames: x      listening on 127.0.0.1:0 (UDP)",
        ]


def test_only_what_runs_is_restarted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restart", "bridge"]) == 1
    assert capsys.readouterr().err == "Sightline is not running: start it with `make up`\n"
    with pytest.raises(SystemExit):
        main(["restart", "topics"])
    assert "choose from 'broker', 'gateway', 'classifier', 'bridge'" in capsys.readouterr().err


def test_ports_that_cannot_be_had_leave_the_bridge_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The good bridge was stopped, and the new one could not listen."""
    stopped = Mock(side_effect=AssertionError("it was stopped"))
    supervisor = Mock(pid=lambda: 1, changed_settings=list, stop_program=stopped)
    monkeypatch.setattr("sightline_local.restart.Supervisor", lambda _: supervisor)
    gateway = Settings.load().ports["SIGHTLINE_GATEWAY_PORT"]
    with socket.create_server(("127.0.0.1", 0)) as others, socket.create_server(("127.0.0.1", 0)) as own:
        other_port, own_port = others.getsockname()[1], own.getsockname()[1]
        state = SourceState("a", f"listening on 0.0.0.0:{own_port}, 0 connections")
        monkeypatch.setattr("sightline_local.restart.running_sources", lambda _: [state])
        ports = {"a": own_port, "b": gateway, "c": other_port}
        file = file_of(tmp_path, *(f"name: {name}, type: tcp-listen, port: {port}" for name, port in ports.items()))
        assert main(["restart", "bridge"]) == 1
        assert capsys.readouterr().err.splitlines() == [
            f"port {gateway} is given to both SIGHTLINE_GATEWAY_PORT and source b of {file}: change one",
            f"port {other_port} is taken by another program: stop that program, or give source c of {file} another one",
        ]
        file_of(tmp_path, f"name: a, type: tcp-listen, port: {own_port}")
        with pytest.raises(AssertionError, match="it was stopped"):
            main(["restart", "bridge"])


def test_the_log_of_an_earlier_start_is_not_shown_for_this_one(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "bridge.log"
    log.parent.mkdir()
    log.write_text("an old mistake\n" * 2)
    supervisor = Supervisor(tmp_path)
    marks = LogMarks(supervisor, ["bridge", "gateway"])
    assert (marks.printed("bridge"), marks.printed("gateway")) == ([], [])
    with log.open("a") as file:
        file.write("cannot listen\n" * 4 + "the last word\n")
    log.with_name("gateway.log").write_text("new\n")
    assert (marks.printed("bridge"), marks.printed("gateway")) == (["cannot listen", "the last word"], ["new"])
    log.write_text("rotated\n")
    assert marks.printed("bridge") == ["rotated"]
