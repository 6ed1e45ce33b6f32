"""Kafka's security settings: what clients are given, what is refused, and that no secret is shown."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaConfigurationError, KafkaConnectionError, SaslAuthenticationFailedError
from pydantic import ValidationError

from sightline_common.kafka_client import CannotConnect, KafkaClient, explain
from sightline_common.settings import KafkaSettings, ServiceSettings, load_settings, problems

SECRET: Final = "hunter2 \\ \" ' ; ünlocked"
USER: Final[dict[str, Any]] = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_username": "gateway",
    "kafka_password": SECRET,
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate, which is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("pair")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-keyout", key, "-out", certificate)
    return certificate, key


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        KafkaSettings(**settings)
    assert SECRET not in str(caught.value)
    (problem,) = problems(caught.value)
    return problem


def test_without_settings_the_connection_is_plain() -> None:
    options = KafkaSettings().client_options()
    assert options == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "PLAINTEXT",
        "kafka_client": KafkaClient,
    }


def test_a_user_over_tls(pair: tuple[Path, Path]) -> None:
    options = KafkaSettings(**USER, kafka_ca_file=pair[0]).client_options()
    assert (
        options.items()
        >= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "gateway",
            "sasl_plain_password": SECRET,
            "ssl_check_hostname": True,
            "ssl_cafile": str(pair[0]),
            "ssl_certfile": None,
            "ssl_keyfile": None,
        }.items()
    )


def test_mutual_tls_needs_no_user(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    options = KafkaSettings(
        kafka_security_protocol="SSL", kafka_certificate_file=certificate, kafka_key_file=key
    ).client_options()
    assert (options["ssl_certfile"], options["ssl_keyfile"]) == (str(certificate), str(key))
    assert "sasl_mechanism" not in options


def test_a_password_file_is_read_at_each_connection(tmp_path: Path) -> None:
    """A password that was changed in place reaches the next connection without a restart."""
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    settings = KafkaSettings(**{**USER, "kafka_password": None, "kafka_password_file": file})
    assert settings.client_options()["sasl_plain_password"] == SECRET
    file.write_text("another\r\n")
    assert settings.client_options()["sasl_plain_password"] == "another"
    file.unlink()
    with pytest.raises(KafkaConfigurationError, match=r"SIGHTLINE_KAFKA_PASSWORD_FILE=.* cannot be read"):
        settings.client_options()


def test_a_certificate_that_went_away_is_an_error_of_kafka_not_of_the_process(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """Whoever mounts certificates may replace them while we run: clients are built again and again until one works."""
    authority = tmp_path / "ca.pem"
    authority.write_bytes(pair[0].read_bytes())
    options = KafkaSettings(kafka_security_protocol="SSL", kafka_ca_file=authority).client_options()
    authority.unlink()
    with pytest.raises(CannotConnect, match=f"certificates cannot be used: No such file .*{authority}"):
        KafkaAdminClient(**options, bootstrap_timeout_ms=100)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kafka_username": None}, "SIGHTLINE_KAFKA_USERNAME is needed"),
        ({"kafka_password": None}, "SIGHTLINE_KAFKA_PASSWORD or SIGHTLINE_KAFKA_PASSWORD_FILE is needed"),
        ({"kafka_password_file": "/etc/hostname"}, "SIGHTLINE_KAFKA_PASSWORD_FILE are both set"),
        ({"kafka_password": "two\nlines"}, "SIGHTLINE_KAFKA_PASSWORD holds more than one line"),
        ({"kafka_password": ""}, "SIGHTLINE_KAFKA_PASSWORD holds no password"),
        ({"kafka_password": None, "kafka_password_file": "/dev/null"}, "SIGHTLINE_KAFKA_PASSWORD_FILE holds no"),
        ({"kafka_password": None, "kafka_password_file": "/no/such"}, "SIGHTLINE_KAFKA_PASSWORD_FILE: "),
        ({"kafka_username": "a,b"}, "SIGHTLINE_KAFKA_USERNAME: "),
        ({"kafka_sasl_mechanism": "GSSAPI"}, "SIGHTLINE_KAFKA_SASL_MECHANISM: "),
        ({"kafka_security_protocol": "TLS"}, "SIGHTLINE_KAFKA_SECURITY_PROTOCOL: "),
        ({"kafka_ca_file": "/no/such"}, "SIGHTLINE_KAFKA_CA_FILE: /no/such cannot be read: No such file"),
        ({"kafka_ca_file": "/etc"}, "SIGHTLINE_KAFKA_CA_FILE: /etc cannot be read: Is a directory"),
        ({"kafka_ca_file": "/etc/hostname"}, "SIGHTLINE_KAFKA_CA_FILE=/etc/hostname holds no PEM certificate"),
        ({"kafka_certificate_file": "/etc/hostname"}, "SIGHTLINE_KAFKA_KEY_FILE belong together"),
        ({"kafka_key_file": "/etc/hostname"}, "SIGHTLINE_KAFKA_KEY_FILE belong together"),
        ({"kafka_security_protocol": "SSL"}, "SIGHTLINE_KAFKA_USERNAME is set, but SIGHTLINE_KAFKA_SECURITY_PROTOCOL"),
        ({"kafka_security_protocol": "PLAINTEXT"}, "SIGHTLINE_KAFKA_USERNAME is set, but"),
        (
            {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ca_file": "/etc/hostname"},
            "SIGHTLINE_KAFKA_CA_FILE is set, but SIGHTLINE_KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT",
        ),
    ],
)
def test_what_could_not_work_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    assert said in _refusal(**{**USER, **changes})


@pytest.mark.parametrize("name", ["username", "password", "password_file", "ca_file", "certificate_file", "key_file"])
def test_nothing_is_ignored_in_silence_on_a_plain_connection(name: str) -> None:
    """A forgotten protocol must not mean: all credentials in place, and every image in the clear."""
    assert f"SIGHTLINE_KAFKA_{name.upper()} is set, but" in _refusal(**{f"kafka_{name}": "/etc/hostname"})


def test_keys_that_java_cannot_read_are_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = pair
    encrypted, old = tmp_path / "encrypted.pem", tmp_path / "pkcs1.pem"
    _openssl("pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:x")
    _openssl("rsa", "-in", key, "-out", old, "-traditional")
    for file in (encrypted, old):
        said = _refusal(kafka_security_protocol="SSL", kafka_certificate_file=certificate, kafka_key_file=file)
        assert f"SIGHTLINE_KAFKA_KEY_FILE={file} is not a PKCS#8 key without encryption" in said


def test_a_key_of_another_certificate_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    _openssl("genpkey", "-algorithm", "RSA", "-out", other)
    said = _refusal(kafka_security_protocol="SSL", kafka_certificate_file=pair[0], kafka_key_file=other)
    assert "are no pair: KEY_VALUES_MISMATCH" in said


@pytest.mark.parametrize("show", [repr, str, lambda settings: settings.model_dump_json()])
def test_the_password_is_never_shown(show: Callable[[KafkaSettings], str]) -> None:
    assert "hunter2" not in show(KafkaSettings(**USER))


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_neither_help_nor_refusal_shows_the_password(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sightline-test", *arguments])
    monkeypatch.setenv("SIGHTLINE_KAFKA_PASSWORD", SECRET)
    with pytest.raises(SystemExit):
        load_settings(ServiceSettings, "sightline-test", "Test.")
    shown = capsys.readouterr()
    assert "hunter2" not in shown.out + shown.err


def test_reasons_are_sentences() -> None:
    refused = SaslAuthenticationFailedError("SaslAuthenticationFailedError: invalid credentials")
    assert "SIGHTLINE_KAFKA_PASSWORD" in explain(refused)
    assert explain(refused).endswith("(invalid credentials)")
    assert "SIGHTLINE_KAFKA_SECURITY_PROTOCOL" in explain(KafkaConnectionError("socket disconnected"))
    assert explain(KafkaConnectionError("111 ECONNREFUSED")) == "connection refused"
    assert explain(KafkaConnectionError("DNS Resolution failure")).startswith("the broker's name has no address")
