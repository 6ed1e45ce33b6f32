"""What a source's configuration says about who may reach it."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Self, TypeAlias

from pydantic import Field, PlainValidator, PositiveFloat, PositiveInt, WithJsonSchema, model_validator

from sightline_bridge.strict import Strict
from sightline_common.addresses import IPNetwork

# Each connection is compared with all of them, in some 0.3 µs each.
MOST_NETWORKS: Final = 256


def _network(value: object) -> IPNetwork:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):  # the library would take a number for an address
        raise ValueError(f"{value!r} is no network such as 10.0.0.0/8")  # noqa: TRY004 -- of a TypeError nobody is told
    return ip_network(value)


# Pydantic's own union of both families tells two library names and no reason.
Network: TypeAlias = Annotated[IPNetwork, PlainValidator(_network), WithJsonSchema({"type": "string"})]


class ListenTls(Strict):
    """TLS towards those who connect. The files are read again when they change."""

    certificate: Path = Field(description="PEM file of our certificate, then the authorities between it and the root")
    key: Path = Field(description="PEM file of its key, not encrypted")
    client_ca: Path | None = Field(
        None, description="PEM file of the authorities whose certificates senders must show; unset: none is asked for"
    )
    stream_from_client_name: bool = Field(
        False, description="the name in a sender's certificate is the stream of its records; needs client_ca"
    )

    @model_validator(mode="after")
    def _names_are_proven(self) -> Self:
        if self.stream_from_client_name and self.client_ca is None:
            raise ValueError("stream_from_client_name needs client_ca: without it nobody shows a certificate")
        return self


class ConnectTls(Strict):
    """TLS towards a server that we connect to. The files are read again when they change."""

    ca: Path | None = Field(None, description="PEM file of the authorities to trust; unset: the system's")
    certificate: Path | None = Field(None, description="PEM file of the certificate that we show; unset: none")
    key: Path | None = Field(None, description="PEM file of its key, not encrypted")
    server_name: str | None = Field(
        None, min_length=1, description="name that the server's certificate must have; unset: the host"
    )

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self


class AllowConfig(Strict):
    """Which addresses may send."""

    allow: tuple[Network, ...] = Field(
        (), max_length=MOST_NETWORKS, description="networks (CIDR) whose addresses may send; empty: all"
    )


class DoorConfig(AllowConfig):
    """Who may connect over TCP, and how."""

    max_connections_per_ip: PositiveInt | None = Field(
        None, description="connections of one address (IPv6: one /64) at a time"
    )
    handshake_timeout_s: PositiveFloat | None = Field(None, description="seconds a sender may take for TLS's handshake")
    tls: ListenTls | None = Field(None, description="TLS; unset: none")
