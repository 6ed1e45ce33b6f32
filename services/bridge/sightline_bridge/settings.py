"""The settings of the bridge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from sightline_bridge.config import ANSWERED_SOURCES, MEDIA_TYPE, SOURCE_PLACES, UNKNOWN_TYPE, AckMode, SourceType
from sightline_bridge.framing.config import FramingName, TextTopic
from sightline_bridge.guard.settings import GuardSettings
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from sightline_common.settings import PREFIX

# Which rules about senders a type of source can have.
_RULES: Final[Mapping[SourceType, set[str]]] = {"tcp-listen": {"allow", "tls"}, "udp": {"allow"}}


class BridgeSettings(GuardSettings):
    """Where to listen, how to read what comes, and how much of it may be held."""

    bridge_config_file: Path | None = Field(
        None, description="YAML file with the sources (docs/bridge.md); unset: the one that the next settings describe"
    )
    bridge_source: SourceType = Field(
        "tcp-listen", description="type of source: tcp-listen, tcp-connect, unix-listen, device, stdin, udp"
    )
    bridge_host: str = Field("127.0.0.1", min_length=1, description="address to listen on or to dial")
    bridge_port: int = Field(9500, ge=0, le=65535, description="port to listen on (0: any free one) or to dial")
    bridge_path: Path | None = Field(None, description="path of the Unix socket, device, FIFO or file")
    bridge_framing: FramingName = Field(
        "fixed28", description="framing of every connection: fixed28, named, length, jpeg or lines"
    )
    bridge_topic: TextTopic | None = Field(None, description="with framing lines: the topic that they are written to")
    bridge_ack: AckMode = Field(
        "none",
        description="none, or frame: senders learn what became of each frame (its own framing, docs/wire-formats.md)",
    )
    bridge_stream: str | None = Field(
        None, min_length=1, description="stream name of every record; unset: named after the sender"
    )
    bridge_model: str | None = Field(
        None, min_length=1, description="model (name or name@version) to ask for; unset: the classifier's default"
    )
    bridge_content_type: str = Field(
        UNKNOWN_TYPE, pattern=MEDIA_TYPE, description="content type of payloads whose signature says nothing"
    )
    bridge_management_host: str = Field("127.0.0.1", min_length=1, description="address of the management port")
    bridge_management_port: int = Field(
        9501, ge=0, le=65535, description="port of /healthz, /readyz and /metrics; 0: any free one"
    )
    # Too low cuts off a camera that sends once a minute; too high lets peers that vanished hold connections.
    bridge_idle_timeout_s: PositiveFloat = Field(60, description="seconds without a byte until a connection is closed")
    # Too low cuts off large frames on thin links; too high lets a peer that trickles hold its part of the buffer.
    # Only time spent waiting for the peer counts, never the time in which Kafka makes us wait.
    bridge_frame_timeout_s: PositiveFloat = Field(30, description="seconds a peer may take to send one frame")
    # Too low and Kafka's round trips limit the throughput; too high and a stalled broker makes the process grow so far.
    bridge_buffer_bytes: PositiveInt = Field(
        64 * 1024 * 1024, description="bytes of frames held at a time, over all connections; reading stops above"
    )
    # Below the 30 s that orchestrators wait before they kill.
    bridge_shutdown_timeout_s: PositiveFloat = Field(20, description="seconds to flush after SIGTERM")

    @model_validator(mode="after")
    def _a_path_where_one_is_needed(self) -> Self:
        needed = self.bridge_config_file is None and "path" in SOURCE_PLACES[self.bridge_source]
        if needed and self.bridge_path is None:
            raise ValueError(f"{PREFIX}BRIDGE_PATH is not set: a source of type {self.bridge_source} needs it")
        return self

    @model_validator(mode="after")
    def _rules_hold_somewhere(self) -> Self:
        """A rule that is set and would not hold is worse than none."""
        if self.bridge_config_file is not None:
            where, holding = f"in {PREFIX}BRIDGE_CONFIG_FILE, whose sources have rules of their own", set()
        else:
            where, holding = f"for a source of type {self.bridge_source}", _RULES.get(self.bridge_source, set())
        for field in self.rules_of_environment.keys() - holding:
            setting = {"allow": "ALLOW", "tls": "TLS_CERTIFICATE_FILE"}[field]
            raise ValueError(f"{PREFIX}BRIDGE_{setting} would not hold {where}")
        return self

    @model_validator(mode="after")
    def _acknowledgements_where_somebody_listens(self) -> Self:
        if self.bridge_ack == "none":
            return self
        if self.bridge_config_file is not None:
            raise ValueError(f"{PREFIX}BRIDGE_ACK would not hold in {PREFIX}BRIDGE_CONFIG_FILE: set ack of its sources")
        if self.bridge_source not in ANSWERED_SOURCES:
            raise ValueError(
                f"{PREFIX}BRIDGE_ACK is frame: nobody can be answered on a source of type {self.bridge_source}"
            )
        return self

    @model_validator(mode="after")
    def _a_topic_for_lines(self) -> Self:
        if self.bridge_config_file is None and self.bridge_framing == "lines" and self.bridge_topic is None:
            raise ValueError(f"{PREFIX}BRIDGE_TOPIC is not set: framing lines needs it")
        return self

    @model_validator(mode="after")
    def _one_frame_fits(self) -> Self:
        least = self.max_image_bytes + FRAME_OVERHEAD_BYTES
        if self.bridge_buffer_bytes < least:
            raise ValueError(
                f"{PREFIX}BRIDGE_BUFFER_BYTES is {self.bridge_buffer_bytes}: one frame of {PREFIX}MAX_IMAGE_BYTES "
                f"({self.max_image_bytes}) needs {least}"
            )
        return self
