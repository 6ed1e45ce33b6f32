"""How many connections there may be, in all and from one address, and what a caller too many is told."""

from sightline_common.connections import ConnectionCounts, Full
from sightline_gateway.problems import Problem


class Connections:
    """The open connections of this process. A trusted proxy brings many clients, so only the total bounds it."""

    def __init__(self, most: int, most_of_one: int, proxies: tuple[str, ...] = ()) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._counts = ConnectionCounts(most, most_of_one, proxies)

    def __len__(self) -> int:
        return len(self._counts)

    def admit(self, address: str) -> Problem | None:
        """Count a connection from `address` in, or say why not; one that was admitted has to `leave`."""
        match self._counts.admit(address):
            case Full.ALL:
                return Problem("overloaded", f"{self._most} connections are open, the most that there may be")
            case Full.ONE_SENDER:
                return Problem("rate-limited", f"{self._most_of_one} connections of this address are open: use those")
            case None:
                return None

    def leave(self, address: str) -> None:
        """Count out a connection that was admitted."""
        self._counts.leave(address)
