"""Who an address is: this machine alone, one sender, a member of a network."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias, final
from urllib.parse import urlsplit

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_url(url: str) -> bool:
    """Whether nobody in between can change what `url` gives: https, or http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def peer_address(host: str) -> IPAddress | None:
    """The address that a socket named as its peer's, None when it is none.

    Without the zone of a link-local one; an IPv4 peer of a socket for both families is IPv4, so that no rule has to be
    written twice.
    """
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def network_of(host: str) -> str:
    """Who counts as one sender: an IPv4 address, or the /64 that one IPv6 customer has all of."""
    parsed = peer_address(host)
    if parsed is None:
        return host
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


@final
class Networks:
    """A set of networks (CIDR)."""

    def __init__(self, networks: Iterable[IPNetwork | str]) -> None:
        """Raises ValueError for a text that is no network, or has bits behind its prefix."""
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, host: str) -> bool:
        parsed = peer_address(host)
        return parsed is not None and any(parsed in network for network in self._networks)
