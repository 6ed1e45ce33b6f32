"""How many connections there may be, in all and from one address."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import final

from sightline_common.addresses import IPNetwork, Networks, network_of


class Full(Enum):
    """Which bound a further connection would break."""

    ALL = "all"
    ONE_SENDER = "one sender"


@final
class ConnectionCounts:
    """The open connections, by sender. For one event loop."""

    def __init__(self, most: int, most_of_one: int, many_of: Iterable[IPNetwork | str] = ()) -> None:
        """At most `most`, and `most_of_one` of each sender; only the total bounds addresses in `many_of`."""
        self._most = most
        self._most_of_one = most_of_one
        self._many_of = Networks(many_of)
        self._open: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def full_for(self, address: str) -> Full | None:
        """Why a connection from `address` would not be admitted now, None when it would."""
        if self._total >= self._most:
            return Full.ALL
        if self._open[network_of(address)] >= self._most_of_one and address not in self._many_of:
            return Full.ONE_SENDER
        return None

    def admit(self, address: str) -> Full | None:
        """Count a connection from `address` in, or say why not; one that was admitted has to `leave`."""
        full = self.full_for(address)
        if full is None:
            self._open[network_of(address)] += 1
            self._total += 1
        return full

    def leave(self, address: str) -> None:
        """Count out a connection that was admitted."""
        sender = network_of(address)
        self._open[sender] -= 1
        self._total -= 1
        if self._open[sender] <= 0:
            del self._open[sender]
