"""Where webhooks may go: origins that the operator listed, at addresses that are not inside by accident."""

import asyncio
import socket
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

MAX_URL_LENGTH: Final = 2_048
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ip_network("64:ff9b::/96")  # routers translate these to the IPv4 address in their last bits


class NotAllowed(Exception):
    """The URL or its address is none that webhooks may go to."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host in lower case and port of a URL."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; `path` has the query too."""

    origin: Origin
    path: str


def parse_target(url: str) -> Target:
    """The target of a URL.

    Raises:
        ValueError: it is not an http or https URL, or has a user, a fragment or characters that need escaping.
    """
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"has more than {MAX_URL_LENGTH} characters")
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise ValueError("has characters that must be percent-encoded")
    parts = urlsplit(url)  # raises ValueError for brackets that do not match, and below for the port
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("is no http:// or https:// URL")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("has a user or a fragment")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(Origin(parts.scheme, parts.hostname.rstrip("."), port), path)


def parse_origins(text: str) -> frozenset[Origin]:
    """The origins of a list such as `https://hooks.example.com,http://consumer:8080`.

    Raises:
        ValueError: one of them is not a URL, or has a path.
    """
    origins = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            target = parse_target(part)
        except ValueError as error:
            raise ValueError(f"{part!r} {error}") from error
        if target.path != "/":
            raise ValueError(f"{part!r} has a path: list scheme, host and port only")
        origins.add(target.origin)
    return frozenset(origins)


async def address_of(origin: Origin, threads: Executor, *, private: bool) -> str:
    """An IP address of the origin's host that webhooks may go to; connect to it, not to the name. Asks on `threads`.

    The name's owner decides what it resolves to, and could point it at a service of ours between two looks.

    Raises:
        OSError: the name does not resolve.
        NotAllowed: it resolves to none that is allowed.
    """
    loop = asyncio.get_running_loop()
    resolve = partial(socket.getaddrinfo, origin.host, origin.port, type=socket.SOCK_STREAM)
    found = await loop.run_in_executor(threads, resolve)
    for *_, place in found:
        address = ip_address(str(place[0]).partition("%")[0])
        if is_allowed(address, private=private):
            return str(address)
    raise NotAllowed(f"{origin.host} has no address that callbacks may go to")


def is_allowed(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    """Whether webhooks may go to this address; `private` admits those of this machine and of private networks.

    Link-local ones never: cloud machines find their own credentials there.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_allowed(address.ipv4_mapped, private=private)
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False  # an IPv4 address in disguise
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_global:
        return True
    return private and (address.is_private or address.is_loopback)
