"""How a process reaches Kafka: where its brokers are, as whom it speaks to them and whom it believes."""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from kafka.errors import KafkaConfigurationError
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from sightline_common.addresses import is_safe_url
from sightline_common.kafka_client import KafkaClient
from sightline_common.kafka_oauth import ClientCredentials, TokenSource
from sightline_common.secret_file import checked_secret, has_control, read_secret_file

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"]

_PKCS8: Final = "-----BEGIN PRIVATE KEY-----"


class KafkaConnection(BaseSettings):
    """The settings of a connection to Kafka; combinations that could not work are refused."""

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092", min_length=1, description="Kafka brokers, host:port,host:port"
    )
    kafka_security_protocol: SecurityProtocol = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL (TLS), SASL_SSL (TLS and a user) or SASL_PLAINTEXT (a user, no TLS)"
    )
    kafka_sasl_mechanism: SaslMechanism = Field(
        "SCRAM-SHA-512",
        description="how a user proves who it is: SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or, by a token, OAUTHBEARER",
    )
    kafka_username: str | None = Field(
        None, min_length=1, description="user, for SASL_SSL and SASL_PLAINTEXT; with OAUTHBEARER the client's id"
    )
    kafka_password: SecretStr | None = Field(
        None, description="the user's password, with OAUTHBEARER the client's secret; better in a file"
    )
    kafka_password_file: Path | None = Field(
        None, description="file with the user's password, read anew at each connection; a line's end is not part of it"
    )
    kafka_oauth_token_url: str | None = Field(
        None, description="the provider's token endpoint, for OAUTHBEARER: https, or http on this machine"
    )
    kafka_oauth_scope: str | None = Field(
        None,
        min_length=1,
        description="scope that tokens are asked for, with OAUTHBEARER; unset: the provider's default",
    )
    kafka_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that brokers' certificates must come from; unset: the system's"
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of this client's certificate and its chain, for mutual TLS"
    )
    kafka_key_file: Path | None = Field(
        None, description="PEM file of the certificate's private key: PKCS#8, not encrypted"
    )

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_brokers(cls, value: str) -> str:
        for server in value.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
                raise ValueError(f"{server.strip()!r} is not host:port")
        return value

    @field_validator("kafka_username")
    @classmethod
    def _is_user(cls, value: str | None) -> str | None:
        if value is not None and (has_control(value) or set(value) & {",", "="}):
            raise ValueError("has a comma, an equals sign or a control character: SCRAM cannot carry it")
        return value

    @field_validator("kafka_oauth_token_url")
    @classmethod
    def _endpoint_is_safe(cls, value: str | None) -> str | None:
        if value is not None and not is_safe_url(value):
            raise ValueError("is no https URL: whoever is in between could read the secret")
        return value

    @field_validator("kafka_oauth_scope")
    @classmethod
    def _is_scope(cls, value: str | None) -> str | None:
        if value is not None and (has_control(value) or not value.isascii()):
            raise ValueError("has a control character, or is not ASCII")
        return value

    @field_validator("kafka_password_file", "kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
    @classmethod
    def _is_readable(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                value.open("rb").close()
            except OSError as error:
                raise ValueError(f"{value} cannot be read: {error.strerror}") from None
        return value

    @model_validator(mode="after")
    def _user_suits_protocol(self) -> Self:
        if not self.authenticates:
            self._refuse(_SASL_ONLY, "SASL_SSL, which uses it")
            return self
        if self.kafka_username is None:
            raise ValueError(f"SIGHTLINE_KAFKA_USERNAME is needed with {self.kafka_security_protocol}")
        if self.kafka_password is None and self.kafka_password_file is None:
            variables = "SIGHTLINE_KAFKA_PASSWORD or SIGHTLINE_KAFKA_PASSWORD_FILE"
            raise ValueError(f"{variables} is needed with {self.kafka_security_protocol}")
        if self.kafka_password is not None and self.kafka_password_file is not None:
            raise ValueError("SIGHTLINE_KAFKA_PASSWORD and SIGHTLINE_KAFKA_PASSWORD_FILE are both set: keep one")
        try:
            self.read_password()
        except KafkaConfigurationError as error:
            raise ValueError(*error.args) from None
        return self

    @model_validator(mode="after")
    def _provider_suits_mechanism(self) -> Self:
        if not self.authenticates:
            return self
        if self.kafka_sasl_mechanism == "OAUTHBEARER":
            if self.kafka_oauth_token_url is None:
                raise ValueError("SIGHTLINE_KAFKA_OAUTH_TOKEN_URL is needed with OAUTHBEARER")
            return self
        for name in _OAUTH_ONLY:
            if getattr(self, name) is not None:
                raise ValueError(
                    f"SIGHTLINE_{name.upper()} is set, but SIGHTLINE_KAFKA_SASL_MECHANISM is"
                    f" {self.kafka_sasl_mechanism}: set OAUTHBEARER, which uses it"
                )
        return self

    @model_validator(mode="after")
    def _files_suit_protocol(self) -> Self:
        if not self.encrypts:
            self._refuse(_TLS_ONLY, "SSL or SASL_SSL, which use it")
            return self
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            raise ValueError("SIGHTLINE_KAFKA_CERTIFICATE_FILE and SIGHTLINE_KAFKA_KEY_FILE belong together: set both")
        _check_authorities(self.kafka_ca_file)
        if self.kafka_certificate_file is not None and self.kafka_key_file is not None:
            _check_pair(self.kafka_certificate_file, self.kafka_key_file)
        return self

    def _refuse(self, names: tuple[str, ...], instead: str) -> None:
        for name in names:
            if getattr(self, name) is not None:
                variable, protocol = f"SIGHTLINE_{name.upper()}", self.kafka_security_protocol
                raise ValueError(
                    f"{variable} is set, but SIGHTLINE_KAFKA_SECURITY_PROTOCOL is {protocol}: set {instead}"
                )

    @property
    def authenticates(self) -> bool:
        """Whether the connection has a user."""
        return self.kafka_security_protocol.startswith("SASL_")

    @property
    def encrypts(self) -> bool:
        """Whether the connection is TLS."""
        return self.kafka_security_protocol.endswith("SSL")

    def read_password(self) -> str:
        """The user's password as it is now; "" without one.

        Raises:
            KafkaConfigurationError: its file cannot be read any more, or holds no password. The file may come back.
        """
        try:
            if self.kafka_password_file is not None:
                return read_secret_file("SIGHTLINE_KAFKA_PASSWORD_FILE", self.kafka_password_file)
            if self.kafka_password is not None:
                return checked_secret("SIGHTLINE_KAFKA_PASSWORD", self.kafka_password.get_secret_value())
        except ValueError as error:
            raise KafkaConfigurationError(*error.args) from None
        return ""

    def client_options(self) -> dict[str, Any]:
        """What every kafka-python client of the process is built with. Holds the password: never log it.

        Raises:
            KafkaConfigurationError: see `read_password`.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.kafka_bootstrap_servers.split(",")],
            "security_protocol": self.kafka_security_protocol,
            "kafka_client": KafkaClient,
        }
        if self.authenticates:
            options["sasl_mechanism"] = self.kafka_sasl_mechanism
            options |= self._login()
        if self.encrypts:
            options["ssl_check_hostname"] = True
            options["ssl_cafile"] = _text(self.kafka_ca_file)
            options["ssl_certfile"] = _text(self.kafka_certificate_file)
            options["ssl_keyfile"] = _text(self.kafka_key_file)
        return options

    def _login(self) -> dict[str, Any]:
        password = self.read_password()
        if self.kafka_oauth_token_url is not None:
            return {"sasl_oauth_token_provider": self._tokens}
        return {"sasl_plain_username": self.kafka_username or "", "sasl_plain_password": password}

    @cached_property
    def _tokens(self) -> TokenSource:
        """All clients of the process share one, and so its tokens; a provider counts what it gives out."""
        url, user = self.kafka_oauth_token_url or "", self.kafka_username or ""
        return TokenSource(ClientCredentials(url, user, self.read_password, self.kafka_oauth_scope))


_OAUTH_ONLY: Final = ("kafka_oauth_token_url", "kafka_oauth_scope")
_SASL_ONLY: Final = ("kafka_username", "kafka_password", "kafka_password_file", *_OAUTH_ONLY)
_TLS_ONLY: Final = ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")


def _check_authorities(file: Path | None) -> None:
    if file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (ssl.SSLError, OSError):
        raise ValueError(f"SIGHTLINE_KAFKA_CA_FILE={file} holds no PEM certificate") from None


def _check_pair(certificate: Path, key: Path) -> None:
    # Java reads PKCS#8 only, and a key that is encrypted would make OpenSSL ask for its password on the terminal.
    if _PKCS8 not in key.read_text(encoding="ascii", errors="replace"):
        raise ValueError(
            f"SIGHTLINE_KAFKA_KEY_FILE={key} is not a PKCS#8 key without encryption:"
            " `openssl pkcs8 -topk8 -nocrypt -in KEY` makes one"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ValueError(
            f"SIGHTLINE_KAFKA_CERTIFICATE_FILE={certificate} and SIGHTLINE_KAFKA_KEY_FILE={key} are no pair:"
            f" {error.reason or 'not PEM'}"
        ) from None


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
