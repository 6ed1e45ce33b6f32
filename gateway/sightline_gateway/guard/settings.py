"""The settings of the guard: who may call, how often, and from where."""

import ipaddress
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_settings import NoDecode

from sightline_common.addresses import is_loopback, is_safe_url
from sightline_common.settings import PREFIX, ServiceSettings
from sightline_gateway.guard.keys import KeyFile

Names = Annotated[tuple[str, ...], NoDecode]


class GuardSettings(ServiceSettings):
    """Without keys the gateway is for its own machine; to open it further must be said."""

    gateway_host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    gateway_exposed_on: str | None = Field(
        None,
        min_length=1,
        description="address on which others reach it, where a container listens on all; unset: HOST",
    )
    gateway_keys_file: Path | None = Field(
        None, description="file of API keys, as `sightline-key` writes it; read again when it changes"
    )
    gateway_open_access: bool = Field(
        False, description="true: everyone who reaches the gateway may do everything, without a key"
    )
    # Where many clients share one address, a proxy or a network behind NAT, a low rate per address stops them all.
    gateway_key_rate: PositiveFloat | None = Field(None, description="calls a second of one key; unset: no limit")
    gateway_ip_rate: PositiveFloat | None = Field(
        None, description="calls a second of one address that come without a valid key; unset: no limit"
    )
    gateway_burst_s: PositiveFloat = Field(10.0, description="seconds' worth of those calls that may come at once")
    gateway_oidc_issuer: str | None = Field(
        None, description="OpenID Connect provider whose JWTs let callers in, as their `iss` says"
    )
    gateway_oidc_audience: str | None = Field(None, min_length=1, description="what such a token's `aud` has to name")
    gateway_oidc_keys_url: str | None = Field(
        None, description="where the provider's JWKS is; unset: where its .well-known/openid-configuration says"
    )
    # Below the file descriptors that a process usually gets (1,024): beyond them nothing could be accepted or opened.
    gateway_max_connections: PositiveInt = Field(800, description="connections at a time; further ones get 503")
    gateway_max_connections_per_ip: PositiveInt = Field(
        400, description="connections of one address at a time; further ones get 429. Trusted proxies have no limit"
    )
    gateway_head_timeout_s: PositiveFloat = Field(10.0, description="seconds in which a request's head must arrive")
    gateway_trusted_proxies: Names = Field(
        (), description="addresses or networks (CIDR) of proxies whose X-Forwarded-For and -Proto are believed"
    )
    gateway_cors_origins: Names = Field(
        (), description="origins whose pages may call from browsers, https://app.example,...; unset: none but its own"
    )

    @field_validator("gateway_cors_origins", "gateway_trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("gateway_cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or not rest or "/" in rest or "*" in rest:
                raise ValueError(f"{origin!r} is no origin such as https://app.example")
        return value

    @field_validator("gateway_trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            ipaddress.ip_network(proxy)
        return value

    @field_validator("gateway_oidc_issuer", "gateway_oidc_keys_url")
    @classmethod
    def _provider_is_safe(cls, value: str | None) -> str | None:
        if value is not None and not is_safe_url(value):
            raise ValueError("is no https URL: whoever is in between could let himself in")
        return value

    @model_validator(mode="after")
    def _names_its_audience(self) -> Self:
        if (self.gateway_oidc_issuer is None) != (self.gateway_oidc_audience is None):
            names = f"{PREFIX}GATEWAY_OIDC_ISSUER and {PREFIX}GATEWAY_OIDC_AUDIENCE"
            raise ValueError(f"{names} belong together: a token for another service is none for this one")
        return self

    @model_validator(mode="after")
    def _keys_are_somebodys(self) -> Self:
        if self.gateway_oidc_keys_url is not None and self.gateway_oidc_issuer is None:
            names = f"{PREFIX}GATEWAY_OIDC_KEYS_URL is set without {PREFIX}GATEWAY_OIDC_ISSUER"
            raise ValueError(f"{names}: nobody's tokens would be let in")
        return self

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.gateway_keys_file is not None:
            KeyFile(self.gateway_keys_file)
        if self.gateway_open_access and self.identifies:
            raise ValueError(f"{PREFIX}GATEWAY_OPEN_ACCESS is set beside keys, which it would make useless: keep one")
        if not self.identifies and not self.gateway_open_access and not is_loopback(self.exposed_on):
            raise ValueError(
                f"{PREFIX}GATEWAY_KEYS_FILE or {PREFIX}GATEWAY_OIDC_ISSUER is needed to serve others on"
                f" {self.exposed_on}: `sightline-key` makes keys."
                f" {PREFIX}GATEWAY_OPEN_ACCESS=true lets everyone in instead"
            )
        return self

    @property
    def identifies(self) -> bool:
        """Whether callers have to say who they are."""
        return self.gateway_keys_file is not None or self.gateway_oidc_issuer is not None

    @property
    def exposed_on(self) -> str:
        """The address on which others can reach the gateway."""
        return self.gateway_exposed_on or self.gateway_host
