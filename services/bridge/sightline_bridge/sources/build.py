"""A source from its configuration: the defaults of the process, the connection that its streams get, the class."""

import math
from dataclasses import replace
from functools import partial
from typing import assert_never

from sightline_bridge.ack.connection import AckConnection
from sightline_bridge.config import (
    AnySource,
    DeviceConfig,
    ListenConfig,
    PeerConfig,
    StdinConfig,
    StreamConfig,
    TcpConnectConfig,
    TcpListenConfig,
    UdpConfig,
    UnixListenConfig,
)
from sightline_bridge.connection import Connection, ConnectionFactory, StreamOptions
from sightline_bridge.datagram.reassembly import ReassemblyLimits, room_for_one_frame
from sightline_bridge.framing.config import topic_of
from sightline_bridge.guard.certificates import listening
from sightline_bridge.guard.door import DoorRules, Tls
from sightline_bridge.pipeline import Outlet
from sightline_bridge.records import RecordMaker, RecordOptions, TextOptions
from sightline_bridge.settings import BridgeSettings
from sightline_bridge.sources.device import DeviceFile
from sightline_bridge.sources.listen import Address, ListenSource
from sightline_bridge.sources.one_stream import OneStreamSource, Opener
from sightline_bridge.sources.source import Source
from sightline_bridge.sources.stdin import Stdin
from sightline_bridge.sources.tcp_connect import TcpPeer
from sightline_bridge.sources.tcp_listen import TcpAddress
from sightline_bridge.sources.udp import UdpOptions, UdpSource
from sightline_bridge.sources.unix_listen import UnixAddress


def build_source(config: AnySource, settings: BridgeSettings, outlet: Outlet) -> Source:
    """The source that `config` describes, not started; it takes the limits that `config` leaves out from `settings`."""
    match config:
        case TcpListenConfig():
            return _listening(config, TcpAddress(config), "tcp", settings, outlet)
        case UnixListenConfig():
            return _listening(config, UnixAddress(config), "device", settings, outlet)
        case TcpConnectConfig():
            return _one_stream(config, TcpPeer(config), _peer_options(config, "tcp", settings), outlet)
        case DeviceConfig():
            return _one_stream(config, DeviceFile(config), _local_options(config, settings), outlet)
        case UdpConfig():
            return UdpSource(config.name, _udp_options(config, settings), outlet)
        case StdinConfig():
            return _one_stream(config, Stdin(config), _local_options(config, settings), outlet)
        case _:
            assert_never(config)


def _listening(
    config: ListenConfig, address: Address, kind: str, settings: BridgeSettings, outlet: Outlet
) -> ListenSource:
    connect = _connect(config, _peer_options(config, kind, settings), outlet)
    return ListenSource(config.name, address, connect, outlet.metrics, _rules(config, settings))


def _rules(config: ListenConfig, settings: BridgeSettings) -> DoorRules:
    most = config.max_connections or settings.bridge_max_connections
    total_s = config.total_timeout_s or settings.bridge_total_timeout_s or math.inf
    rules = DoorRules(most, most, total_timeout_s=total_s)
    if not isinstance(config, TcpListenConfig):
        return rules
    most_of_one = config.max_connections_per_ip or settings.bridge_max_connections_per_ip or most
    return replace(rules, most_of_one=most_of_one, allow=config.allow, tls=_tls(config, settings))


def _tls(config: TcpListenConfig, settings: BridgeSettings) -> Tls | None:
    if config.tls is None:
        return None
    timeout_s = config.handshake_timeout_s or settings.bridge_handshake_timeout_s
    return Tls(listening(config.tls), timeout_s, named=config.tls.stream_from_client_name)


def _one_stream(config: StreamConfig, opener: Opener, options: StreamOptions, outlet: Outlet) -> OneStreamSource:
    return OneStreamSource(config.name, opener, _connect(config, options, outlet), outlet.metrics)


def _connect(config: StreamConfig, options: StreamOptions, outlet: Outlet) -> ConnectionFactory:
    if isinstance(config, PeerConfig) and config.ack == "frame":
        return partial(AckConnection, options, config.ack_window, outlet)
    return partial(Connection, options, outlet, _records(config, options))


def _records(config: StreamConfig, options: StreamOptions) -> RecordMaker:
    if topic_of(config.framing) is not None:
        return TextOptions(options.source)
    return options.records


def _peer_options(config: StreamConfig, kind: str, settings: BridgeSettings) -> StreamOptions:
    """How streams of peers that may vanish or be hostile are read: never without a limit."""
    return StreamOptions(
        framing=config.framing.framing(),
        max_frame_bytes=settings.max_image_bytes,
        idle_timeout_s=config.idle_timeout_s or settings.bridge_idle_timeout_s,
        frame_timeout_s=config.frame_timeout_s or settings.bridge_frame_timeout_s,
        source=kind,
        content_type=config.content_type,
        model=config.model,
    )


def _local_options(config: StreamConfig, settings: BridgeSettings) -> StreamOptions:
    """How what this machine itself brings is read: its silence is no fault, unless `config` says so."""
    return replace(
        _peer_options(config, "device", settings),
        idle_timeout_s=config.idle_timeout_s or math.inf,
        frame_timeout_s=config.frame_timeout_s or math.inf,
    )


def _udp_options(config: UdpConfig, settings: BridgeSettings) -> UdpOptions:
    held = config.reassembly_bytes or settings.bridge_buffer_bytes // 2
    limits = ReassemblyLimits(
        image_bytes=settings.max_image_bytes,
        held_bytes=max(held, room_for_one_frame(settings.max_image_bytes)),
        timeout_s=config.frame_timeout_s,
        window_frames=config.window_frames,
        streams=config.max_streams,
    )
    return UdpOptions(
        host=config.host,
        port=config.port,
        receive_buffer_bytes=config.receive_buffer_bytes,
        stream=config.stream,
        allow=config.allow,
        limits=limits,
        records=RecordOptions("udp", config.content_type, config.model),
    )
