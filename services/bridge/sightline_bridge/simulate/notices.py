"""What senders meet while they try again, for who watches: once for all of them, and not at every attempt."""

import threading
import time
from collections.abc import Callable
from typing import Final, final

# Less, and a bridge that is away fills the screen; more, and nobody knows whether it still is.
INTERVAL_S: Final = 5.0


@final
class Notices:
    """Says the same thing again after 5 s at the earliest; for any threads."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def tell(self, what: str) -> None:
        """Say `what`, unless it was said lately."""
        with self._lock:
            now = self._clock()
            if now < self._next.get(what, now):
                return
            self._next[what] = now + INTERVAL_S
            self._write(what)
