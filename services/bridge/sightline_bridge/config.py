"""What a configuration says of the bridge's sources: one model for each type, all that they share in their bases.

Limits that a source leaves out are those of the process (`BridgeSettings`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from sightline_bridge.framing.config import FramingConfig
from sightline_bridge.guard.config import AllowConfig, ConnectTls, DoorConfig
from sightline_bridge.strict import Strict

# As Kubernetes names ports and objects.
NAME_PATTERN: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
MAX_NAME_LENGTH: Final = 63
# Sources have memory and file descriptors of their own; far above what one process can serve.
MAX_SOURCES: Final = 256
UNKNOWN_TYPE: Final = "application/octet-stream"
AckMode = Literal["none", "frame"]
MEDIA_TYPE: Final = r"^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$"


def _resolvable(host: str) -> str:
    """Refuse what the resolver would not even look up: it raises no OSError then, and waiting mends nothing."""
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ValueError("it is no host name: a part of it is empty, too long or not allowed") from error
    if "\0" in host:
        raise ValueError("it is no host name: it holds a NUL")
    return host


Host = Annotated[str, Field(min_length=1), AfterValidator(_resolvable)]


class SourceConfig(Strict):
    """What every source has."""

    name: str = Field(pattern=NAME_PATTERN, max_length=MAX_NAME_LENGTH, description="name in metrics, logs and /readyz")
    stream: str | None = Field(None, min_length=1, description="stream of every record; unset: named after its sender")
    model: str | None = Field(
        None, min_length=1, description="model (name or name@version) to ask for; unset: the classifier's default"
    )
    content_type: str = Field(
        UNKNOWN_TYPE, pattern=MEDIA_TYPE, description="type of payloads whose signature says nothing"
    )


class StreamConfig(SourceConfig):
    """A source of byte streams."""

    framing: FramingConfig = Field(
        "fixed28", validate_default=True, description="how frames are told apart: docs/wire-formats.md"
    )
    idle_timeout_s: PositiveFloat | None = Field(None, description="seconds without a byte until a stream is closed")
    frame_timeout_s: PositiveFloat | None = Field(None, description="seconds that a sender may take for one frame")


class PeerConfig(StreamConfig):
    """A source whose senders can be answered."""

    ack: AckMode = Field("none", description="none, or frame: senders learn what became of each frame")
    # Too low and the round trips to Kafka limit the throughput; too high and senders must keep as many.
    ack_window: int = Field(1024, ge=1, le=65536, description="with `ack: frame`: frames without an answer at a time")

    @model_validator(mode="after")
    def _one_protocol(self) -> Self:
        if self.ack == "frame" and "framing" in self.model_fields_set:
            raise ValueError("framing: has no meaning with `ack: frame`, which has frames of its own")
        return self


class ListenConfig(PeerConfig):
    """A source that senders connect to."""

    max_connections: PositiveInt | None = Field(None, description="connections at a time; further ones are reset")
    total_timeout_s: PositiveFloat | None = Field(
        None, description="seconds after which a connection ends, between two frames"
    )


class TcpListenConfig(DoorConfig, ListenConfig):
    """Senders connect to a TCP port of ours."""

    type: Literal["tcp-listen"] = "tcp-listen"
    host: Host = Field("127.0.0.1", description="address to listen on")
    port: int = Field(ge=0, le=65535, description="port to listen on; 0: any free one")


class UnixListenConfig(ListenConfig):
    """Senders of this machine connect to a Unix socket of ours."""

    type: Literal["unix-listen"] = "unix-listen"
    path: Path = Field(description="path of the socket; its folder must exist")


class TcpConnectConfig(PeerConfig):
    """We dial a sender, again and again until it answers."""

    type: Literal["tcp-connect"] = "tcp-connect"
    host: Host = Field(description="name or address of the sender")
    port: int = Field(ge=1, le=65535, description="port of the sender")
    tls: ConnectTls | None = Field(None, description="TLS; unset: none")


class DeviceConfig(StreamConfig):
    """We read a device, a FIFO or a plain file of this machine."""

    type: Literal["device"] = "device"
    path: Path = Field(description="path of the device, FIFO or file")


class StdinConfig(StreamConfig):
    """We read what is piped into the process."""

    type: Literal["stdin"] = "stdin"


class UdpConfig(AllowConfig, SourceConfig):
    """Senders send datagrams to a UDP port of ours."""

    type: Literal["udp"] = "udp"
    host: Host = Field("127.0.0.1", description="address to receive on")
    port: int = Field(ge=0, le=65535, description="port to receive on; 0: any free one")
    framing: Literal["datagram"] = Field("datagram", description="the only framing over UDP")
    # Too low loses large frames on thin links; too high lets a frame that lost a fragment hold up those behind it.
    frame_timeout_s: PositiveFloat = Field(1, description="seconds that one frame may take, and others may wait for it")
    # Too low loses frames where the network changes their order; too high holds up what is behind a lost one.
    window_frames: int = Field(16, ge=1, le=1024, description="frames of a stream that are collected at a time")
    max_streams: PositiveInt = Field(256, description="streams (sender and stream id) heard at a time")
    reassembly_bytes: PositiveInt | None = Field(
        None, description="bytes held for incomplete frames; unset: half of the process's buffer"
    )
    # Too low and the kernel drops what comes while the bridge does something else.
    receive_buffer_bytes: PositiveInt = Field(
        4 * 1024 * 1024, description="the kernel's buffer; it gives no more than net.core.rmem_max"
    )


AnySource = Annotated[
    TcpListenConfig | TcpConnectConfig | UnixListenConfig | DeviceConfig | StdinConfig | UdpConfig,
    Field(discriminator="type"),
]
# What `SIGHTLINE_BRIDGE_SOURCE` takes, and the fields that say where such a source is.
SourceType = Literal["tcp-listen", "tcp-connect", "unix-listen", "device", "stdin", "udp"]
SOURCE_PLACES: Final[Mapping[SourceType, tuple[str, ...]]] = {
    "tcp-listen": ("host", "port"),
    "tcp-connect": ("host", "port"),
    "unix-listen": ("path",),
    "device": ("path",),
    "stdin": (),
    "udp": ("host", "port"),
}
# Those whose senders can be answered.
ANSWERED_SOURCES: Final = frozenset[SourceType]({"tcp-listen", "tcp-connect", "unix-listen"})


class BridgeConfig(Strict):
    """All sources of a process. `config_conflicts` says which of them get in each other's way."""

    sources: tuple[AnySource, ...] = Field(max_length=MAX_SOURCES, description="the sources, at least one")

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.sources:
            raise ValueError("`sources` is empty: the bridge would have nothing to do")
        return self
