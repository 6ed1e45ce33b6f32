"""Tells people how a wait is going: a live list on a terminal, plain lines elsewhere."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Shows steps that finish in any order. Used as a context manager around the wait."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def waiting(self, step: str, reason: str) -> None:
        """The step is not there yet; `reason` says in a few words what it waits for."""

    def done(self, step: str) -> None:
        """The step is reached."""


def reporter(console: Console, steps: Sequence[str]) -> Reporter:
    """The reporter that suits where the output goes."""
    return TerminalReporter(console, steps) if console.is_terminal else LineReporter(console)


class TerminalReporter:
    """One line a step with a spinner, its reason and the seconds so far."""

    def __init__(self, console: Console, steps: Sequence[str]) -> None:
        columns = (
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<12}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[reason]}[/]"),
        )
        self._progress = Progress(*columns, console=console)
        self._tasks: dict[str, TaskID] = {step: self._progress.add_task(step, total=1, reason="") for step in steps}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def waiting(self, step: str, reason: str) -> None:
        """Show the reason beside the step."""
        self._progress.update(self._tasks[step], reason=reason)

    def done(self, step: str) -> None:
        """Tick the step off."""
        self._progress.update(self._tasks[step], completed=1, reason="")


class LineReporter:
    """One line when a step is reached, and one when the reason of the wait changes after a while."""

    # Reasons come and go while programs start; only one that stays this long (seconds) is news.
    _QUIET_S = 10.0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to restore."""

    def waiting(self, step: str, reason: str) -> None:
        """Print the reason when nothing was printed for a while."""
        if time.monotonic() - self._spoke > self._QUIET_S:
            self._say(f"{step}: {reason}")

    def done(self, step: str) -> None:
        """Print the step and when it was reached."""
        self._say(f"{step} ready")

    def _say(self, line: str) -> None:
        self._spoke = time.monotonic()
        self._console.print(f"{self._spoke - self._start:6.1f} s  {line}", highlight=False)
