"""The environment of the run: what the user says wins, and all programs hear the same."""

import os
from pathlib import Path

import pytest

from sightline_local.errors import LocalError
from sightline_local.settings import Settings, load_environment


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # A copy, so that what load_environment adds is gone after the test.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIGHTLINE_", "OTEL_"))}
    monkeypatch.setattr(os, "environ", kept)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "SIGHTLINE_GATEWAY_PORT=8101\nSIGHTLINE_BRIDGE_PORT=9101\nSECRET=x\nSIGHTLINE_BRIDGE_MODEL=\n"
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318\n"
    )
    os.environ["SIGHTLINE_GATEWAY_PORT"] = "8202"
    load_environment(env_file)
    assert os.environ["SIGHTLINE_GATEWAY_PORT"] == "8202"
    assert os.environ["SIGHTLINE_BRIDGE_PORT"] == "9101"
    assert os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert "SECRET" not in os.environ
    assert "SIGHTLINE_BRIDGE_MODEL" not in os.environ


def test_every_program_keeps_its_state_below_one_folder(tmp_path: Path) -> None:
    os.environ["SIGHTLINE_LOCAL_STATE_DIR"] = str(tmp_path / "state")
    load_environment(tmp_path / "none")
    assert os.environ["SIGHTLINE_GATEWAY_STATE_DIR"].startswith(str(tmp_path / "state"))
    assert os.environ["SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR"].startswith(str(tmp_path / "state"))


@pytest.mark.parametrize("servers", ["kafka.example:9092", "127.0.0.1:9092,127.0.0.1:9093"])
def test_a_kafka_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    """The run starts its own broker; programs that talk to another one would make `up` wait for nothing."""
    monkeypatch.setenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", servers)
    with pytest.raises(LocalError, match="SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS"):
        _ = Settings.load().kafka_port


def test_ports_are_listed_by_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", "localhost:9192")
    ports = Settings.load().ports
    assert ports["SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS"] == 9192
    assert ports["SIGHTLINE_GATEWAY_PORT"] == 8080
    assert len(set(ports.values())) == len(ports) == 6
