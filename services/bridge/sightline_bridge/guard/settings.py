"""The settings about who may reach the bridge: limits of every source, and the rules of the one of the environment."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_settings import NoDecode

from sightline_bridge.guard.config import MOST_NETWORKS, Network
from sightline_common.settings import PREFIX, ServiceSettings

Allowed = Annotated[tuple[Network, ...], NoDecode]


class GuardSettings(ServiceSettings):
    """With TLS, nothing else is spoken on the port."""

    # Too low turns cameras away; each connection costs a file descriptor and up to 128 KiB of unread bytes.
    bridge_max_connections: PositiveInt = Field(
        64, description="connections of a source at a time; further ones are reset"
    )
    # With many senders behind one address (NAT, a load balancer) it has to be as large as the total.
    bridge_max_connections_per_ip: PositiveInt | None = Field(
        None, description="connections of one address (IPv6: one /64) at a time; unset: only the total is bounded"
    )
    # Too low cuts off small devices, whose arithmetic is slow; too high lets strangers hold handshakes.
    bridge_handshake_timeout_s: PositiveFloat = Field(5, description="seconds a sender may take for TLS's handshake")
    bridge_total_timeout_s: PositiveFloat | None = Field(
        None, description="seconds after which a connection ends, between two frames; unset: never"
    )
    bridge_allow: Allowed = Field(
        (), max_length=MOST_NETWORKS, description="networks (CIDR), comma-separated, that may connect; unset: all"
    )
    bridge_tls_certificate_file: Path | None = Field(
        None, description="PEM file of the bridge's certificate; set: senders must speak TLS"
    )
    bridge_tls_key_file: Path | None = Field(None, description="PEM file of its key, not encrypted")
    bridge_tls_client_ca_file: Path | None = Field(
        None, description="PEM file of the authorities whose certificates senders must show; unset: none is asked for"
    )
    bridge_tls_stream_from_client_name: bool = Field(
        False, description="the name in a sender's certificate is the stream of its records"
    )

    @field_validator("bridge_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        certificate, key = self.bridge_tls_certificate_file, self.bridge_tls_key_file
        if (certificate is None) != (key is None):
            raise ValueError(f"{PREFIX}BRIDGE_TLS_CERTIFICATE_FILE and {PREFIX}BRIDGE_TLS_KEY_FILE belong together")
        if self.bridge_tls_client_ca_file is not None and certificate is None:
            raise ValueError(f"{PREFIX}BRIDGE_TLS_CLIENT_CA_FILE is set without {PREFIX}BRIDGE_TLS_CERTIFICATE_FILE")
        if self.bridge_tls_stream_from_client_name and self.bridge_tls_client_ca_file is None:
            raise ValueError(
                f"{PREFIX}BRIDGE_TLS_STREAM_FROM_CLIENT_NAME is set without {PREFIX}BRIDGE_TLS_CLIENT_CA_FILE:"
                " nobody would show a certificate"
            )
        return self

    @property
    def rules_of_environment(self) -> dict[str, Any]:
        """What is set of the fields of DoorConfig, for the one source that the environment describes."""
        tls = {
            "certificate": self.bridge_tls_certificate_file,
            "key": self.bridge_tls_key_file,
            "client_ca": self.bridge_tls_client_ca_file,
            "stream_from_client_name": self.bridge_tls_stream_from_client_name,
        }
        rules = {"allow": self.bridge_allow, "tls": tls if self.bridge_tls_certificate_file else None}
        return {field: value for field, value in rules.items() if value}
