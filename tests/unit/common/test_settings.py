"""Settings come from the environment, and a wrong one is refused with its name."""

import pytest
from pydantic import ValidationError

from sightline_common.settings import KafkaSettings, ServiceSettings, describe, load_settings
from sightline_contracts.topics import record_limit


def test_defaults_suit_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", raising=False)
    settings = KafkaSettings()
    assert settings.client_options()["bootstrap_servers"] == ["127.0.0.1:9092"]
    assert settings.client_options()["security_protocol"] == "PLAINTEXT"
    assert settings.record_limit == record_limit(10 * 1024 * 1024)


def test_the_environment_decides_and_an_empty_variable_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", "a:1, b:2")
    monkeypatch.setenv("SIGHTLINE_MAX_IMAGE_BYTES", "")
    settings = KafkaSettings()
    assert settings.client_options()["bootstrap_servers"] == ["a:1", "b:2"]
    assert settings.max_image_bytes == 10 * 1024 * 1024


def test_a_refused_value_ends_the_process_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sightline-test"])
    monkeypatch.setenv("SIGHTLINE_LOG_LEVEL", "LOUD")
    with pytest.raises(SystemExit) as caught:
        load_settings(ServiceSettings, "sightline-test", "Test.")
    assert caught.value.code == 2
    assert "SIGHTLINE_LOG_LEVEL" in capsys.readouterr().err


def test_help_lists_every_variable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["sightline-test", "--help"])
    with pytest.raises(SystemExit) as caught:
        load_settings(ServiceSettings, "sightline-test", "Test.")
    assert caught.value.code == 0
    assert describe(ServiceSettings) in capsys.readouterr().out
    for name in ServiceSettings.model_fields:
        assert f"SIGHTLINE_{name.upper()}" in describe(ServiceSettings)


@pytest.mark.parametrize("servers", ["", "kafka", "kafka:", ":9092", "kafka:abc", "kafka:0", "a:1,", "a:70000"])
def test_a_broker_list_that_no_client_could_use_is_refused(servers: str) -> None:
    """A port that is no number once ended the publisher's thread in silence."""
    with pytest.raises(ValidationError, match="kafka_bootstrap_servers"):
        KafkaSettings(kafka_bootstrap_servers=servers)
