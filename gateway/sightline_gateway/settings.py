"""The gateway's settings: one frozen object, read once from the environment."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from sightline_common.publisher import HANDED_OVER_BYTES
from sightline_gateway.guard.settings import GuardSettings
from sightline_gateway.pictures.settings import PictureSettings
from sightline_gateway.webhooks.settings import WebhookSettings

MIB = 1024 * 1024
# 28 kB of objects, measured with a thousand that upload at once, and what is read ahead.
_CONNECTION_BYTES: Final = 48 * 1024


class GatewaySettings(PictureSettings, WebhookSettings, GuardSettings):
    """What the gateway process can be told. Sizes in bytes, times in seconds unless the name says otherwise."""

    gateway_port: NonNegativeInt = Field(8080, le=65535, description="port to listen on; 0 takes a free one")
    gateway_state_dir: Path = Field(
        Path(".sightline/gateway"), description="folder of the results view; it can be deleted: the topic refills it"
    )
    models_dir: Path = Field(Path("models"), description="folder of the model bundles that /v1/models lists")
    default_model: str = Field("digits-lenet", min_length=1, description="model of images that name none")
    # Lower, and bursts get 503 although memory is free; higher, and the process may outgrow its memory limit.
    gateway_in_flight_bytes: PositiveInt = Field(
        256 * MIB,
        description="bytes of all uploads not yet acknowledged; connections and Kafka's client have a part of it",
    )
    # A folder of photos in one request. Only one file of it is held at a time beyond what Kafka has yet to confirm.
    gateway_max_upload_bytes: PositiveInt = Field(256 * MIB, description="largest multipart request in bytes")
    gateway_max_files: PositiveInt = Field(200, description="most files of one multipart request")
    gateway_body_timeout_s: PositiveFloat = Field(120.0, description="seconds for a whole request body or download")
    gateway_body_grace_s: PositiveFloat = Field(10.0, description="seconds before the least rate of either applies")
    gateway_min_body_rate: PositiveInt = Field(16 * 1024, description="least bytes a second of either after that")
    gateway_view_rows: PositiveInt = Field(500_000, description="most results kept for reading")
    gateway_view_hours: PositiveFloat = Field(168.0, description="hours that results are kept for reading")
    gateway_stream_clients: PositiveInt = Field(100, description="most readers of the live stream at a time")
    gateway_drain_s: PositiveFloat = Field(5.0, description="seconds that open uploads get to finish at a stop")

    @property
    def body_bytes(self) -> int:
        """The part of `gateway_in_flight_bytes` that bodies may have: the rest is what is held beside them.

        That is three quarters at least, however small the budget is, and room for one image always.
        """
        connections = self.gateway_max_connections * _CONNECTION_BYTES
        # Of what Kafka's client copies twice, one copy has the body's place: that is let go. An image larger than
        # what the client may hold is with it alone.
        copies = max(HANDED_OVER_BYTES, self.max_image_bytes)
        part = self.gateway_in_flight_bytes - min(connections + copies, self.gateway_in_flight_bytes // 4)
        return max(part, self.max_image_bytes)

    @property
    def view_ms(self) -> int:
        """How long results are kept for reading, in ms."""
        return int(self.gateway_view_hours * 3_600_000)

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        for name in ("gateway_in_flight_bytes", "gateway_max_upload_bytes"):
            if getattr(self, name) < self.max_image_bytes:
                raise ValueError(
                    f"SIGHTLINE_{name.upper()} is below SIGHTLINE_MAX_IMAGE_BYTES: no large image could pass"
                )
        return self
