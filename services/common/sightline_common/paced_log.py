"""Lines of log that strangers can cause: at most one a second, so that they cannot fill a disk or hide the others."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final, final

INTERVAL_S: Final = 1.0


@final
class PacedLog:
    """Writes the first line at once, and with the next one after a second how many were left out meanwhile."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._next = clock()
        self._left_out = 0

    def write(self, level: int, message: str, extra: Mapping[str, object]) -> None:
        """Write `message`, unless there was a line within the last second."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        self._next = now + INTERVAL_S
        more = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        self._log.log(level, "%s", message, extra={**extra, **more})
