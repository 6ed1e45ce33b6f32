"""The Kafka settings under the names of Kafka's Java client."""

import re
import subprocess
from pathlib import Path

import pytest

from sightline_common.settings import KafkaSettings
from sightline_spark.kafka import REDACTION, kafka_options


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def test_a_plain_connection() -> None:
    assert kafka_options(KafkaSettings(kafka_bootstrap_servers="a:1,b:2")) == {
        "kafka.bootstrap.servers": "a:1,b:2",
        "kafka.security.protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [
        ("SCRAM-SHA-512", "org.apache.kafka.common.security.scram.ScramLoginModule"),
        ("SCRAM-SHA-256", "org.apache.kafka.common.security.scram.ScramLoginModule"),
        ("PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule"),
    ],
)
def test_a_user(mechanism: str, module: str) -> None:
    settings = KafkaSettings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism=mechanism,
        kafka_username="classifier",
        kafka_password='a"b\\c; $d',
    )
    options = kafka_options(settings)
    assert options["kafka.sasl.mechanism"] == mechanism
    assert options["kafka.sasl.jaas.config"] == (rf'{module} required username="classifier" password="a\"b\\c; $d";')


@pytest.mark.parametrize(("scope", "said"), [(None, ""), ("kafka", ' scope="kafka"')])
def test_a_client_with_tokens(scope: str | None, said: str) -> None:
    settings = KafkaSettings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="OAUTHBEARER",
        kafka_username="classifier",
        kafka_password='a"b',
        kafka_oauth_token_url="https://login.example/token",
        kafka_oauth_scope=scope,
    )
    options = kafka_options(settings)
    package = "org.apache.kafka.common.security.oauthbearer"
    assert options["kafka.sasl.jaas.config"] == (
        rf'{package}.OAuthBearerLoginModule required clientId="classifier" clientSecret="a\"b"{said};'
    )
    assert options["kafka.sasl.login.callback.handler.class"] == f"{package}.OAuthBearerLoginCallbackHandler"
    assert options["kafka.sasl.oauthbearer.token.endpoint.url"] == "https://login.example/token"


def test_certificates_travel_in_the_options(pair: tuple[Path, Path]) -> None:
    """Executors on other machines have no copy of the files."""
    certificate, key = pair
    settings = KafkaSettings(
        kafka_security_protocol="SSL",
        kafka_ca_file=certificate,
        kafka_certificate_file=certificate,
        kafka_key_file=key,
    )
    assert kafka_options(settings) == {
        "kafka.bootstrap.servers": "127.0.0.1:9092",
        "kafka.security.protocol": "SSL",
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.certificates": certificate.read_text(),
        "kafka.ssl.keystore.type": "PEM",
        "kafka.ssl.keystore.certificate.chain": certificate.read_text(),
        "kafka.ssl.keystore.key": key.read_text(),
    }


@pytest.mark.parametrize("option", ["kafka.ssl.keystore.key", "kafka.sasl.jaas.config", "spark.authenticate.secret"])
def test_what_is_secret_matches_a_pattern_of_what_spark_hides(option: str) -> None:
    assert re.search(REDACTION["spark.redaction.regex"], option)
