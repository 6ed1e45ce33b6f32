"""What the command prints: outcomes as they come, and on a terminal how far it is."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, final

from sightline_client.documents import Result, Uploaded
from sightline_client.errors import Refused, SightlineError
from sightline_client.parallel import Outcome

_TOP: Final = 3  # labels of a line for people, unless told
Sent = Outcome[Path, Result | Uploaded]


@final
class Report:
    """Prints each outcome with `show` and counts in `failed` those without a label or an id."""

    def __init__(self, total: int, show: Callable[[Sent], None]) -> None:
        self.failed = 0
        self._show = show
        self._done = 0
        self._noticed: set[str] = set()
        self._total = total
        self._line = sys.stderr.isatty() and total > 1
        self._started = time.monotonic()

    def begin(self) -> None:
        """Show that something happens, before the first image is done."""
        self._progress()

    def add(self, outcome: Sent) -> None:
        """Print one outcome."""
        self._done += 1
        self.failed += failure(outcome) is not None
        self._clear()
        self._show(outcome)
        self._progress()

    def notice(self, text: str) -> None:
        """Tell people of something that holds everything up; the same only once."""
        if text not in self._noticed:
            self._noticed.add(text)
            self._clear()
            sys.stderr.write(f"{_printable(text)}\n")
            self._progress()

    def end(self) -> None:
        """Leave the terminal as it was, and sum up when there was more than one image."""
        self._clear()
        if self._total > 1:
            seconds = time.monotonic() - self._started
            sys.stderr.write(f"{self._done} of {self._total} images in {seconds:.1f} s, {self.failed} failed\n")

    def _progress(self) -> None:
        if self._line:
            rate = self._done / max(time.monotonic() - self._started, 1e-3)
            sys.stderr.write(f"\r\x1b[K{self._done}/{self._total} images, {self.failed} failed, {rate:.1f}/s")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._line:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def failure(outcome: Sent) -> str | None:
    """Why there is no label or id; None when there is one."""
    if outcome.error is not None:
        return str(outcome.error)
    failed = outcome.value.error if isinstance(outcome.value, Result) else None
    return f"{failed.code}: {failed.detail}" if failed else None


def show_text(outcome: Sent, top: int | None) -> None:
    """One line for people: labels or an id on stdout, what went wrong on stderr."""
    reason = failure(outcome)
    if reason is not None:
        sys.stderr.write(f"{_printable(f'{outcome.source}: {reason}')}\n")
        return
    told = _labels(outcome.value, top) if isinstance(outcome.value, Result) else _id(outcome.value)
    sys.stdout.write(f"{_printable(f'{outcome.source}: {told}')}\n")
    sys.stdout.flush()


def show_json(outcome: Sent, top: int | None) -> None:
    """One JSON document a line for programs, whatever became of the image; `path` says which file it was."""
    document: dict[str, Any] = {"path": str(outcome.source)}
    if isinstance(outcome.value, Result):
        document |= asdict(replace(outcome.value, predictions=outcome.value.predictions[:top]))
    elif outcome.error is None:
        document |= {"id": _id(outcome.value), "status": "pending"}
    else:
        document |= {"status": "error", "error": _error(outcome.error)}
    sys.stdout.write(json.dumps(document, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _labels(result: Result, top: int | None) -> str:
    shown = result.predictions[: _TOP if top is None else top]
    return ", ".join(f"{found.label} {found.probability:.1%}" for found in shown)


def _id(uploaded: Uploaded | None) -> str:
    return uploaded.id if uploaded else ""


def _error(error: SightlineError) -> dict[str, str]:
    if isinstance(error, Refused):
        return {"code": error.code, "detail": error.detail}
    return {"code": type(error).__name__, "detail": str(error)}


def _printable(text: str) -> str:
    """`text` without what would move a terminal's cursor: names of files and labels are not ours."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
