"""The bridge as a process: its settings, its start and its end, with no Kafka anywhere."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.settings import BridgeSettings
from sightline_local.ports import free_port
from tests.unit.bridge.processes import BridgeProcess, bridge_process, environment, wait_until

pytestmark = pytest.mark.process


def start_and_wait(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sightline_bridge", *arguments]
    return subprocess.run(command, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def no_kafka(tmp_path: Path) -> Iterator[BridgeProcess]:
    nowhere = f"127.0.0.1:{free_port()}"
    with bridge_process(tmp_path, KAFKA_BOOTSTRAP_SERVERS=nowhere, BRIDGE_SHUTDOWN_TIMEOUT_S=3) as bridge:
        yield bridge


def test_help_lists_every_setting_with_its_default() -> None:
    shown = start_and_wait("--help")
    assert shown.returncode == 0
    for name, field in BridgeSettings.model_fields.items():
        default = "unset" if field.default in (None, ()) else field.default
        assert f"SIGHTLINE_{name.upper()} (default: {default})" in shown.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BRIDGE_FRAMING", "morse"),
        ("BRIDGE_SOURCE", "carrier-pigeon"),
        ("BRIDGE_CONTENT_TYPE", "jpeg"),
        ("BRIDGE_PORT", "70000"),
        ("BRIDGE_IDLE_TIMEOUT_S", "0"),
        ("BRIDGE_BUFFER_BYTES", "1000000"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name: str, value: str) -> None:
    refused = start_and_wait(**{name: value})
    assert refused.returncode == 2
    assert f"SIGHTLINE_{name}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_setting_that_its_source_refuses_is_a_line_and_no_traceback() -> None:
    refused = start_and_wait(BRIDGE_SOURCE="tcp-connect", BRIDGE_PORT=0)
    assert refused.returncode == 2
    assert refused.stderr.startswith("sightline-bridge: SIGHTLINE_BRIDGE_PORT: ")
    assert refused.stderr.count("\n") == 1


def test_a_source_with_a_path_needs_one() -> None:
    refused = start_and_wait(BRIDGE_SOURCE="device")
    assert refused.returncode == 2
    assert "SIGHTLINE_BRIDGE_PATH is not set" in refused.stderr


def test_a_mistake_in_the_file_of_sources_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("sources: [{name: line-3, type: tcp-listen, port: 9500, framing: morse}]")
    refused = start_and_wait(BRIDGE_CONFIG_FILE=file)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"sightline-bridge: {file}: source line-3: framing: ")
    assert "Traceback" not in refused.stderr


def test_a_source_that_cannot_start_is_named_and_none_is_left_running(tmp_path: Path) -> None:
    file, path = tmp_path / "bridge.yaml", tmp_path / "a.sock"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(
            f"sources: [{{name: a, type: unix-listen, path: {path}}}, {{name: b, type: tcp-listen, port: {port}}}]"
        )
        refused = start_and_wait(BRIDGE_CONFIG_FILE=file, BRIDGE_MANAGEMENT_PORT=0)
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use (source b of {file})" in refused.stderr
    assert not path.exists()


def test_every_source_of_the_file_is_seen_from_outside(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"""
        sources:
          - {{name: line-3, type: tcp-listen, port: 0}}
          - {{name: local, type: unix-listen, path: {tmp_path / "local.sock"}, framing: length}}
          - {{name: dial, type: tcp-connect, host: 127.0.0.1, port: {free_port()}}}
        """
    )
    nowhere = f"127.0.0.1:{free_port()}"
    with bridge_process(tmp_path, BRIDGE_CONFIG_FILE=file, KAFKA_BOOTSTRAP_SERVERS=nowhere) as bridge:
        wait_until(lambda: bridge.metric("open_failures_total") >= 1, "the sender that is away was dialled")
        checks = bridge.checks()["checks"]
        assert [checks[f"source:{name}"]["ok"] for name in ("line-3", "local", "dial")] == [True, True, True]
        assert "Connection refused" in checks["source:dial"]["reason"]
        assert bridge.metric("source_up") == 2
        assert bridge.terminate() == 0


def test_all_sources_stop_under_one_deadline(tmp_path: Path) -> None:
    """Each holds a frame that Kafka, which is away, does not take: their waits must not add up."""
    file, paths = tmp_path / "bridge.yaml", [tmp_path / f"{name}.sock" for name in "abcd"]
    sources = (f"{{name: {path.stem}, type: unix-listen, path: {path}}}" for path in paths)
    file.write_text(f"sources: [{', '.join(sources)}]")
    settings = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}", "BRIDGE_SHUTDOWN_TIMEOUT_S": 4}
    with bridge_process(tmp_path, BRIDGE_CONFIG_FILE=file, **settings) as bridge, ExitStack() as senders:
        wait_until(lambda: bridge.metric("source_up") == 4, "all listen")
        for path in paths:
            sender = senders.enter_context(socket.socket(socket.AF_UNIX))
            sender.connect(str(path))
            sender.sendall(FRAMINGS["fixed28"].encode(Frame("a", b"x" * 1000)))
        wait_until(lambda: bridge.metric("held_bytes") > 4000, "a frame of each is held")
        started = time.monotonic()
        assert bridge.terminate() == 0
        assert time.monotonic() - started < 2 * 4, "the deadline of one, and what a busy machine takes"
    assert bridge.log_file.read_text().count("1 frames received and not published") == 4


@pytest.mark.parametrize(("data", "status"), [(b"", 0), (b"GET / HTTP/1.1", 1)], ids=["whole", "cut off"])
def test_the_end_of_standard_input_is_the_end_of_the_process(data: bytes, status: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sightline_bridge"],
        env=environment(BRIDGE_SOURCE="stdin", BRIDGE_MANAGEMENT_PORT=0, BRIDGE_SHUTDOWN_TIMEOUT_S=2),
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == status, ended.stderr.decode()
    assert (b"not all that source default brought was taken" in ended.stderr) is bool(status)
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("setting", ["BRIDGE_PORT", "BRIDGE_MANAGEMENT_PORT"])
def test_a_taken_port_is_named(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = start_and_wait(**{"BRIDGE_PORT": 0, "BRIDGE_MANAGEMENT_PORT": 0, setting: port})
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr
    assert f"SIGHTLINE_{setting}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_without_kafka(no_kafka: BridgeProcess, number: signal.Signals) -> None:
    assert no_kafka.get("/healthz")[0] == 200
    no_kafka.process.send_signal(number)
    assert no_kafka.process.wait(60) == 0
    assert "Traceback" not in no_kafka.log_file.read_text()


def test_without_kafka_it_is_alive_not_ready_and_takes_frames_in(no_kafka: BridgeProcess) -> None:
    assert no_kafka.get("/healthz")[0] == 200
    assert no_kafka.get("/readyz")[0] == 503
    assert no_kafka.checks()["checks"]["kafka"]["ok"] is False
    with socket.create_connection(("127.0.0.1", no_kafka.port)) as sender:
        sender.sendall(FRAMINGS["fixed28"].encode(Frame("a", b"x" * 1000)))
        wait_until(lambda: no_kafka.metric("retries_total") >= 2, "the frame is offered again")
        assert no_kafka.metric("connections") == 1
        assert no_kafka.metric("held_bytes") > 1000
        assert no_kafka.terminate() == 0
        with pytest.raises(ConnectionResetError):
            sender.recv(1)
    assert "1 frames received and not published" in no_kafka.log_file.read_text()
