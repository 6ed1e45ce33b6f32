"""How long to wait before the next attempt at something that failed."""

import random
from typing import final


@final
class BackOff:
    """Doubles from `first_s` to `last_s` seconds, less a random part of up to half: many that failed at the same time
    come back at different times.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait now; the following wait will be longer."""
        wait_s = self._next_s * random.uniform(0.5, 1)  # noqa: S311 - spreads attempts, keeps no secret
        self._next_s = min(2 * self._next_s, self._last_s)
        return wait_s

    def reset(self) -> None:
        """An attempt succeeded: begin anew."""
        self._next_s = self._first_s
