"""Sources that are right by themselves and cannot be together: one name, one port or one stream for two."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from itertools import combinations
from typing import Final, final

from sightline_bridge.config import AnySource, DeviceConfig, StdinConfig, TcpListenConfig, UdpConfig, UnixListenConfig
from sightline_common.settings import PREFIX

_LOCALHOST: Final = "127.0.0.1"
# The socket of IPv6's takes nothing of IPv4: asyncio asks for that, and so does UdpSocket.
_ALL: Final[Mapping[str, int]] = {"0.0.0.0": 4, "::": 6}


@final
@dataclass(frozen=True, slots=True)
class Conflict:
    """A mistake in the source at `index`: its field (dotted below a table) and what is wrong with it."""

    index: int
    field: str
    text: str


@final
@dataclass(frozen=True, slots=True)
class Listener:
    """An address that something listens on over TCP; a `port` of 0 is any free one."""

    host: str
    port: int


def conflicts(sources: Mapping[int, AnySource], management: Listener | None) -> Iterator[Conflict]:
    """What is wrong with `sources`, by their place in the file, taken together; `management` is the process's port."""
    yield from _names(sources)
    yield from _management(sources, management)
    for (_, one), (index, other) in combinations(sources.items(), 2):
        yield from _pair(one, index, other)


def _names(sources: Mapping[int, AnySource]) -> Iterator[Conflict]:
    places = defaultdict(list)
    for index, source in sources.items():
        places[source.name].append(index)
    for found in places.values():
        if len(found) > 1:
            numbers = " and ".join(str(index + 1) for index in found)
            yield Conflict(found[-1], "name", f"the sources number {numbers} have it: each needs one of its own")


def _management(sources: Mapping[int, AnySource], management: Listener | None) -> Iterator[Conflict]:
    for index, source in sources.items():
        if management is not None and isinstance(source, TcpListenConfig) and _same_address(source, management):
            text = f"{source.port} is the management port already ({PREFIX}BRIDGE_MANAGEMENT_PORT)"
            yield Conflict(index, "port", text)


def _pair(one: AnySource, index: int, other: AnySource) -> Iterator[Conflict]:
    """What the source at `index` takes from `one`, which comes before it."""
    divided = f"source {one.name} reads it too: each would get a part of its bytes"
    match one, other:
        case (TcpListenConfig() as first, TcpListenConfig() as second) if _same_address(first, second):
            yield Conflict(index, "port", _taken(first))
        case (UdpConfig() as first, UdpConfig() as second) if _same_address(first, second):
            yield Conflict(index, "port", _taken(first))
        case (StdinConfig(), StdinConfig()):
            yield Conflict(index, "type", divided)
        case (DeviceConfig() as first, DeviceConfig() as second) if _same_path(first, second):
            yield Conflict(index, "path", divided)
        case (UnixListenConfig() as first, UnixListenConfig() as second) if _same_path(first, second):
            yield Conflict(index, "path", f"source {one.name} listens there already")


def _taken(source: TcpListenConfig | UdpConfig) -> str:
    return f"source {source.name} has port {source.port} already"


def _same_path(one: DeviceConfig | UnixListenConfig, other: DeviceConfig | UnixListenConfig) -> bool:
    return os.path.normpath(one.path) == os.path.normpath(other.path)


def _same_address(one: TcpListenConfig | UdpConfig | Listener, other: TcpListenConfig | UdpConfig | Listener) -> bool:
    """Whether both cannot listen. Names but `localhost` are not looked up: those are found when they start."""
    if one.port != other.port or one.port == 0:
        return False
    hosts = {_LOCALHOST if host == "localhost" else host for host in (one.host, other.host)}
    return len(hosts) == 1 or any(_ALL.get(host) in map(_version, hosts - {host}) for host in hosts)


def _version(host: str) -> int | None:
    try:
        return 4 if isinstance(ip_address(host.partition("%")[0]), IPv4Address) else 6
    except ValueError:
        return None
