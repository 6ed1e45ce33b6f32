"""How many connections there may be, in all and from one address."""

import ipaddress
from collections import Counter

from sightline_gateway.guard.rates import network_of
from sightline_gateway.problems import Problem


class Connections:
    """The open connections of this process. A trusted proxy brings many clients, so only the total bounds it."""

    def __init__(self, most: int, most_of_one: int, proxies: tuple[str, ...] = ()) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    def admit(self, address: str) -> Problem | None:
        """Count a connection from `address` in, or say why not; one that was admitted has to `leave`."""
        if len(self) >= self._most:
            return Problem("overloaded", f"{self._most} connections are open, the most that there may be")
        sender = network_of(address)
        if self._open[sender] >= self._most_of_one and not self._is_proxy(address):
            return Problem("rate-limited", f"{self._most_of_one} connections of this address are open: use those")
        self._open[sender] += 1
        return None

    def leave(self, address: str) -> None:
        """Count out a connection that was admitted."""
        sender = network_of(address)
        self._open[sender] -= 1
        if self._open[sender] <= 0:
            del self._open[sender]

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)
