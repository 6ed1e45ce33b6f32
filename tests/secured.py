"""A broker with TLS, users and access rules, made by the same script and job as the profile `secure` of compose."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.access import ensure_access
from sightline_topics.app import ensure_topics
from sightline_topics.settings import AccessSettings, TopicsSettings

SCRIPT: Final = Path(__file__).parents[1] / "deploy/compose/certificates.sh"
# What quoting anywhere on the way could break.
PASSWORD: Final = r"""a"b\c'd ;=,$x \" end\\"""
PLAIN_PART: Final = "c'd ;=,$x"  # what no quoting changes


def make_certificates(folder: Path, *arguments: str, names: str = "localhost") -> None:
    """Certificates and passwords in `folder`; the broker's is for the host names `names`."""
    subprocess.run([SCRIPT, folder, *arguments], env={**os.environ, "NAMES": names}, check=True, capture_output=True)


class SecuredKafka:
    """Clients that show a user's password reach `servers`, those with the administrator's certificate `mutual`."""

    def __init__(self, folder: Path) -> None:
        self.tls = folder / "tls"
        make_certificates(self.tls)
        (self.tls / "classifier/password").unlink()
        (self.tls / "classifier/password").write_text(PASSWORD, encoding="utf-8")
        (self.tls / "access/users/classifier").unlink()
        (self.tls / "access/users/classifier").write_text(PASSWORD, encoding="utf-8")
        (self.tls / "access/users/analyst").write_text(PASSWORD, encoding="utf-8")
        shutil.copytree(self.tls / "classifier", self.tls / "analyst")
        self._users, self._administrators = free_port(), free_port()
        self.servers = f"localhost:{self._users}"
        self.mutual = f"localhost:{self._administrators}"
        port, controller = free_port(), free_port()
        self.broker = EmbeddedKafka(
            folder / "kafka",
            port,
            controller_port=controller,
            properties=self._properties(f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller}"),
        )

    def _properties(self, plain: str, controller: str) -> dict[str, object]:
        secured = f"USERS://127.0.0.1:{self._users},ADMINISTRATORS://127.0.0.1:{self._administrators}"
        return {
            "listeners": f"{plain},{secured},{controller}",
            "advertised.listeners": f"{plain},USERS://{self.servers},ADMINISTRATORS://{self.mutual}",
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_SSL,ADMINISTRATORS:SSL"
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.users.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.administrators.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.tls / "kafka/broker.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.tls / "kafka/ca.pem",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The test itself looks at the topics through the plain listener.
            "super.users": "User:ANONYMOUS;User:CN=administrator",
        }

    def settings(self, user: str, **changes: Any) -> dict[str, Any]:
        """Fields of a settings class for a process that is `user`."""
        return {
            "kafka_bootstrap_servers": self.servers,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_username": user,
            "kafka_password_file": self.tls / user / "password",
            "kafka_ca_file": self.tls / user / "ca.pem",
            **changes,
        }

    def administrator(self) -> dict[str, Any]:
        """Fields of a settings class for the administrator."""
        return {
            "kafka_bootstrap_servers": self.mutual,
            "kafka_security_protocol": "SSL",
            "kafka_ca_file": self.tls / "access/ca.pem",
            "kafka_certificate_file": self.tls / "access/administrator.pem",
            "kafka_key_file": self.tls / "access/administrator.key",
        }


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """A running one with users, rights and topics."""
    kafka = SecuredKafka(folder)
    kafka.broker.start()
    try:
        kafka.broker.wait_ready()
        ensure_access(AccessSettings(**kafka.administrator(), access_users_dir=kafka.tls / "access/users"))
        ensure_topics(TopicsSettings(**kafka.settings("topics")))
        yield kafka
    finally:
        kafka.broker.stop()


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """The settings as a process reads them."""
    return {f"SIGHTLINE_{name.upper()}": str(value) for name, value in settings.items() if value is not None}
