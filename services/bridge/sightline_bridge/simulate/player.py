"""N senders, each in a thread of its own, at a rate; what they did together."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from sightline_bridge.errors import SendError
from sightline_bridge.framing import Frame
from sightline_bridge.simulate.faults import Fault
from sightline_bridge.simulate.links import Link, Tally

# After the end, a sender may take so long to get its frame out: less, and one that dials a bridge which starts again
# is given up; more, and nobody knows why the command does not end.
GRACE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When frames go, for each sender; the first limit that is reached ends it. None: no limit, as fast as taken."""

    rate: float | None = None
    frames: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What all senders did, in `seconds`; `failures` are why some of them gave up."""

    senders: int
    tally: Tally
    faults: Counter[Fault]
    seconds: float
    failures: tuple[str, ...]


@dataclass(slots=True)
class _Run:
    """One sender and how it ended."""

    link: Link
    frames: Iterator[Frame]
    failure: str | None = None
    finishing: bool = False  # waits for the bridge's last word, for a time that its link bounds
    finished: bool = False


@final
class Player:
    """Plays `frames` of each sender over its link. `stop` ends it early, in good order, and called again at once."""

    def __init__(self, senders: Sequence[tuple[Link, Iterator[Frame]]], schedule: Schedule) -> None:
        self._runs = [_Run(link, frames) for link, frames in senders]
        self._schedule = schedule
        self._stopped = threading.Event()
        self._stopped_at: float | None = None
        self._abandoned = False
        self._started = time.monotonic()

    def stop(self) -> None:
        """Send nothing more; called again, wait for nothing more either."""
        self._abandoned = self._stopped.is_set()
        if not self._abandoned:
            self._stopped_at = time.monotonic()
        self._stopped.set()

    def play(self, progress: Callable[[Report], None], interval_s: float = 1.0) -> Report:
        """Send all; `progress` is told how it stands every `interval_s` seconds.

        A sender that a bridge keeps waiting beyond the end is left behind, as a failure.
        """
        self._started = time.monotonic()
        threads = [threading.Thread(target=self._send_all, args=(run,), daemon=True) for run in self._runs]
        for thread in threads:
            thread.start()
        for run, thread in zip(self._runs, threads, strict=True):
            while thread.is_alive() and not self._left_behind(run):
                thread.join(interval_s)
                progress(self.report())
            if run.failure is None and not run.finished:
                run.failure = "the bridge kept it waiting" if thread.is_alive() else "it met a fault of its own"
        return self.report()

    def _left_behind(self, run: _Run) -> bool:
        """Whether `run` is not to be waited for any more."""
        ends = [end for end in (self._stopped_at, self._end) if end is not None]
        overdue = bool(ends) and time.monotonic() > min(ends) + GRACE_S
        return self._abandoned or (overdue and not run.finishing)

    @property
    def _end(self) -> float | None:
        seconds = self._schedule.seconds
        return None if seconds is None else self._started + seconds

    def report(self) -> Report:
        """How it stands."""
        together, faults = Tally(), Counter[Fault]()
        for run in self._runs:
            together.add(run.link.tally)
            faults.update(dict(run.link.dice.thrown))  # a copy in one step: its sender goes on throwing
        failures = tuple(run.failure for run in self._runs if run.failure is not None)
        return Report(len(self._runs), together, faults, time.monotonic() - self._started, failures)

    def _send_all(self, run: _Run) -> None:
        try:
            for number, frame in enumerate(run.frames):
                if not self._due(run.link, number):
                    break
                run.link.send(frame)
            run.finishing = True
            run.link.finish()
            run.finished = True
        except SendError as error:
            run.failure = str(error)
        except OSError as error:
            run.failure = error.strerror or str(error)

    def _due(self, link: Link, number: int) -> bool:
        """Wait until frame `number` is due; False when there is none any more."""
        schedule = self._schedule
        if schedule.frames is not None and number >= schedule.frames:
            return False
        at = self._started + (number / schedule.rate if schedule.rate is not None else 0.0)
        end = self._end
        while not self._stopped.is_set():
            now = time.monotonic()
            if end is not None and max(now, at) >= end:
                link.wait(min(end, at) - now)
                return False
            if now >= at:
                return True
            link.wait(min(at - now, 0.2))  # not for long, so that Ctrl-C is noticed
        return False
