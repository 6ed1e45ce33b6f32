"""N senders, each in a thread of its own, at a rate; what they did together."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from sightline_bridge.errors import SendError
from sightline_bridge.framing import Frame
from sightline_bridge.simulate.faults import Fault
from sightline_bridge.simulate.links import Link, Tally


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
    thread: threading.Thread | None = field(default=None)


@final
class Player:
    """Plays `frames` of each sender over its link. `stop` ends it early, in good order."""

    def __init__(self, senders: Sequence[tuple[Link, Iterator[Frame]]], schedule: Schedule) -> None:
        self._runs = [_Run(link, frames) for link, frames in senders]
        self._schedule = schedule
        self._stopped = threading.Event()
        self._started = time.monotonic()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()

    def play(self, progress: Callable[[Report], None], interval_s: float = 1.0) -> Report:
        """Send all; `progress` is told how it stands every `interval_s` seconds."""
        self._started = time.monotonic()
        threads = [threading.Thread(target=self._send_all, args=(run,), daemon=True) for run in self._runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(interval_s)
                progress(self.report())
        return self.report()

    def report(self) -> Report:
        """How it stands."""
        together, faults = Tally(), Counter[Fault]()
        for run in self._runs:
            together.add(run.link.tally)
            faults.update(run.link.dice.thrown)
        failures = tuple(run.failure for run in self._runs if run.failure is not None)
        return Report(len(self._runs), together, faults, time.monotonic() - self._started, failures)

    def _send_all(self, run: _Run) -> None:
        try:
            for number, frame in enumerate(run.frames):
                if not self._due(run.link, number):
                    break
                run.link.send(frame)
            run.link.finish()
        except SendError as error:
            run.failure = str(error)

    def _due(self, link: Link, number: int) -> bool:
        """Wait until frame `number` is due; False when there is none any more."""
        schedule = self._schedule
        if schedule.frames is not None and number >= schedule.frames:
            return False
        at = self._started + (number / schedule.rate if schedule.rate is not None else 0.0)
        end = None if schedule.seconds is None else self._started + schedule.seconds
        while not self._stopped.is_set():
            now = time.monotonic()
            if end is not None and max(now, at) >= end:
                link.wait(min(end, at) - now)
                return False
            if now >= at:
                return True
            link.wait(min(at - now, 0.2))  # not for long, so that Ctrl-C is noticed
        return False
