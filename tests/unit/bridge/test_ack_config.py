"""Which sources can acknowledge, and how that is asked for."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_bridge.config import BridgeConfig, PeerConfig
from sightline_bridge.config_file import load_config
from sightline_bridge.settings import BridgeSettings

PLACES: dict[str, dict[str, object]] = {
    "tcp-listen": {"port": 1},
    "tcp-connect": {"host": "camera", "port": 1},
    "unix-listen": {"path": "/run/camera.sock"},
}


def configured(**fields: object) -> BridgeConfig:
    return BridgeConfig.model_validate({"sources": [{"name": "a", **fields}]})


@pytest.mark.parametrize("kind", PLACES)
def test_every_source_whose_senders_can_be_answered_can_acknowledge(kind: str) -> None:
    (source,) = configured(type=kind, ack="frame", ack_window=7, **PLACES[kind]).sources
    assert isinstance(source, PeerConfig)
    assert (source.ack, source.ack_window) == ("frame", 7)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "stdin", "ack": "frame"},
        {"type": "device", "path": "/dev/camera", "ack": "frame"},
        {"type": "tcp-listen", "port": 1, "ack": "batch"},
        {"type": "tcp-listen", "port": 1, "ack": "frame", "ack_window": 0},
        {"type": "tcp-listen", "port": 1, "ack": "frame", "framing": "fixed28"},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"ack|framing"):
        configured(**fields)


def test_the_environment_can_ask_for_it() -> None:
    (source,) = load_config(BridgeSettings(bridge_ack="frame")).sources
    assert isinstance(source, PeerConfig)
    assert source.ack == "frame"
    with pytest.raises(ValidationError, match=r"SIGHTLINE_BRIDGE_ACK is frame: nobody can be answered on .* stdin"):
        BridgeSettings(bridge_ack="frame", bridge_source="stdin")


def test_beside_a_file_it_is_refused(tmp_path: Path) -> None:
    """The sources of the file did not acknowledge, and nobody said so."""
    with pytest.raises(ValidationError, match=r"SIGHTLINE_BRIDGE_ACK would not hold in SIGHTLINE_BRIDGE_CONFIG_FILE"):
        BridgeSettings(bridge_ack="frame", bridge_config_file=tmp_path / "describes-all.yaml")
