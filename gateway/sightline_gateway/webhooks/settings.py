"""The settings of webhooks: where they may go, and what they are signed with."""

from pathlib import Path
from typing import Self

from pydantic import Field, PositiveInt, SecretStr, field_validator, model_validator

from sightline_common.secret_file import read_secret_file
from sightline_common.settings import ServiceSettings
from sightline_gateway.webhooks.signature import parse_key
from sightline_gateway.webhooks.targets import Origin, parse_origins


class WebhookSettings(ServiceSettings):
    """Webhooks are off until the operator lists where they may go."""

    gateway_callback_origins: str = Field(
        "",
        description="origins that X-Callback-Url may name, such as https://hooks.example.com; empty: no webhooks",
    )
    gateway_callback_secret: SecretStr | None = Field(
        None, description="what webhooks are signed with: whsec_ and 24 to 64 bytes in base64; better in a file"
    )
    gateway_callback_secret_file: Path | None = Field(None, description="file with that secret, read at the start")
    gateway_callback_private: bool = Field(
        False, description="whether webhooks may go to private addresses and to this machine"
    )
    # Each is a row of the view; more means that receivers have been away for long.
    gateway_callbacks: PositiveInt = Field(100_000, description="most webhooks that wait; beyond it 503")

    @property
    def callback_origins(self) -> frozenset[Origin]:
        """The origins that webhooks may go to; none: they are off."""
        return parse_origins(self.gateway_callback_origins)

    @property
    def callback_key(self) -> bytes | None:
        """What webhooks are signed with; None when they are off.

        Raises:
            ValueError: the secret's file cannot be read, or holds no such secret.
        """
        variable = "SIGHTLINE_GATEWAY_CALLBACK_SECRET"
        if self.gateway_callback_secret_file is not None:
            secret = read_secret_file(f"{variable}_FILE", self.gateway_callback_secret_file)
        elif self.gateway_callback_secret is not None:
            secret = self.gateway_callback_secret.get_secret_value()
        else:
            return None
        try:
            return parse_key(secret)
        except ValueError as error:
            raise ValueError(f"{variable} {error}") from None

    @field_validator("gateway_callback_origins")
    @classmethod
    def _are_callback_origins(cls, value: str) -> str:
        parse_origins(value)
        return value

    @model_validator(mode="after")
    def _callbacks_are_whole(self) -> Self:
        if self.gateway_callback_secret is not None and self.gateway_callback_secret_file is not None:
            raise ValueError("SIGHTLINE_GATEWAY_CALLBACK_SECRET and its _FILE are both set: keep one")
        if bool(self.callback_origins) != (self.callback_key is not None):
            raise ValueError("SIGHTLINE_GATEWAY_CALLBACK_ORIGINS and SIGHTLINE_GATEWAY_CALLBACK_SECRET belong together")
        return self
