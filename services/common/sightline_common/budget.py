"""Back-pressure in bytes: one bound on everything in flight."""

import asyncio
from collections import deque


class ByteBudget:
    """At most `limit` bytes at a time, first come first served. For one event loop; not thread-safe.

    A claim above the limit is granted alone, when nothing else is in flight: refusing it would block its sender for
    ever, and its size is already bounded by the largest image.

    A claim may grow (`extend`). Those that grow come before new ones, and one at a time may go beyond the limit:
    else many could wait for each other, each with a part of what it needs.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._extending: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used(self) -> int:
        """Bytes in flight now."""
        return self._used

    def try_acquire(self, size: int) -> bool:
        """Take `size` bytes if there is room now and nobody waits; says whether it did."""
        if self._waiting or not self._fits(size):
            return False
        self._used += size
        return True

    async def acquire(self, size: int) -> None:
        """Take `size` bytes, waiting until there is room."""
        if self.try_acquire(size):
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((size, granted))
        try:
            await granted
        except asyncio.CancelledError:
            self._withdraw(size, granted)
            raise

    async def extend(self, size: int, most: int) -> int:
        """Take `size` bytes more for a claim that holds some, waiting until there is room; returns what was taken.

        That is `most`, all that the claim can ever need, when it is the one that goes beyond the limit.
        """
        if not self._extending and self._used + size <= self._limit:
            self._used += size
            return size
        granted = asyncio.get_running_loop().create_future()
        self._extending.append((most, granted))
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            self._withdraw(most, granted)
            raise
        return most

    def release(self, size: int) -> None:
        """Give `size` bytes back."""
        self._used -= size
        self._grant()

    def _fits(self, size: int) -> bool:
        return self._used == 0 or self._used + size <= self._limit

    def _grant(self) -> None:
        while self._extending and self._used <= self._limit:
            self._give(*self._extending.popleft())
        while self._waiting and self._fits(self._waiting[0][0]):
            self._give(*self._waiting.popleft())

    def _give(self, size: int, granted: "asyncio.Future[None]") -> None:
        if not granted.cancelled():
            self._used += size
            granted.set_result(None)

    def _withdraw(self, size: int, granted: "asyncio.Future[None]") -> None:
        if granted.done() and not granted.cancelled():  # granted and cancelled in the same turn of the loop
            self.release(size)
            return
        self._waiting = deque(entry for entry in self._waiting if entry[1] is not granted)
        self._extending = deque(entry for entry in self._extending if entry[1] is not granted)
        self._grant()
