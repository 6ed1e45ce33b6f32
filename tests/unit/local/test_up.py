"""What `up` refuses before it starts anything."""

import os
import socket
from pathlib import Path

import pytest
from rich.console import Console

from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.keys import make_key
from sightline_local.errors import LocalError
from sightline_local.readiness import Readiness
from sightline_local.settings import API_KEY, KAFKA_SETTING, Settings, forget_api_key
from sightline_local.up import port_problems, up
from tests.unit.gateway.process import running_gateway


@pytest.mark.parametrize(
    ("setting", "prefix", "advice"),
    [
        (KAFKA_SETTING, "127.0.0.1:", f"set {KAFKA_SETTING} to 127.0.0.1:PORT with a free port"),
        ("SIGHTLINE_GATEWAY_PORT", "", "set SIGHTLINE_GATEWAY_PORT to a free port"),
    ],
)
def test_a_taken_port_is_named_with_a_value_that_its_setting_takes(
    setting: str, prefix: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka's setting was once advised to take "a free port", which it refuses: it is a list of host:port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv(setting, f"{prefix}{port}")
        problems = [line for line in port_problems(Settings.load().ports) if str(port) in line]
    assert problems == [f"port {port} is taken by another program: stop that program, or {advice}"]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key that the gateway of the settings knows, which may upload."""
    made, entry = make_key("local", frozenset({Scope.UPLOAD}))
    file = tmp_path / "keys"
    file.write_text(entry.line())
    monkeypatch.setenv("SIGHTLINE_GATEWAY_KEYS_FILE", str(file))
    monkeypatch.setenv("SIGHTLINE_LOCAL_STATE_DIR", str(tmp_path / "state"))
    return made


@pytest.mark.usefixtures("key")
def test_a_gateway_with_keys_needs_one_for_the_first_image() -> None:
    """It got 401 until the time was over."""
    with pytest.raises(LocalError, match=f"set {API_KEY} to one with upload and read"):
        up(Settings.load(), Console(quiet=True))


@pytest.mark.process
def test_the_first_image_shows_the_key(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_gateway("127.0.0.1:1", tmp_path, gateway_keys_file=tmp_path / "keys") as gateway:
        monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", gateway.url.rpartition(":")[2])
        monkeypatch.setenv(API_KEY, key)
        with Readiness(Settings.load()) as readiness:
            assert "answers 503" in str(readiness.first_image_problem())  # it has no Kafka
        monkeypatch.setenv(API_KEY, f"{key}x")
        with Readiness(Settings.load()) as readiness, pytest.raises(LocalError, match=f"the gateway refuses {API_KEY}"):
            readiness.first_image_problem()


def test_programs_are_not_told_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_KEY, "sightline_x")
    settings = Settings.load()
    forget_api_key()
    assert settings.api_key == "sightline_x"
    assert API_KEY not in os.environ
    assert "sightline_x" not in repr(settings)
