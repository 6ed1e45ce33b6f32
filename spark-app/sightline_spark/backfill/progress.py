"""How far a backfill is: a bar on a terminal, elsewhere a line now and then."""

import time
from collections.abc import Callable
from typing import Final, TextIO

_BAR: Final = 24  # characters
_REDRAW_S: Final = 0.2
_LINE_EVERY_S: Final = 30.0
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """Images done of a total, their rate and the time left; for one thread.

    `begun` images were done by earlier runs: they count for the total, not for the rate.
    """

    def __init__(self, out: TextIO, total: int, begun: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._total = total
        self._begun = self._done = begun
        self._failed = 0
        self._clock = clock
        self._started = clock()
        self._terminal = out.isatty()
        self._drawn_at = self._started if not self._terminal else self._started - _REDRAW_S

    def update(self, done: int, failed: int) -> None:
        """`done` images of the total are classified, among them `failed` of this run that could not be."""
        self._done, self._failed = max(self._done, min(done, self._total)), failed
        now = self._clock()
        if now - self._drawn_at < (_REDRAW_S if self._terminal else _LINE_EVERY_S):
            return
        self._drawn_at = now
        if self._terminal:
            self._out.write(f"{_CLEAR}{self._bar()} {self._numbers(now)}")
        else:
            self._out.write(f"{self._numbers(now)}\n")
        self._out.flush()

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        self._out.write(f"{_CLEAR if self._terminal else ''}{line}\n")
        self._out.flush()
        if self._terminal:
            self._drawn_at -= _REDRAW_S

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._terminal:
            self._out.write(_CLEAR)
            self._out.flush()

    def _bar(self) -> str:
        full = _BAR * self._done // max(self._total, 1)
        return f"[{'#' * full}{'.' * (_BAR - full)}]"

    def _numbers(self, now: float) -> str:
        rate = (self._done - self._begun) / max(now - self._started, 1e-3)
        parts = [f"{self._done:,} of {self._total:,} images"]
        if self._done > self._begun:
            parts += [f"{rate:,.1f}/s", f"{duration((self._total - self._done) / rate)} left"]
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """As people say it: `45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
