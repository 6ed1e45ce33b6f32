"""What `up` refuses before it starts anything."""

import socket

import pytest

from sightline_local.settings import KAFKA_SETTING, Settings
from sightline_local.up import port_problems


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
        problems = [line for line in port_problems(Settings.load()) if str(port) in line]
    assert problems == [f"port {port} is taken by another program: stop that program, or {advice}"]
