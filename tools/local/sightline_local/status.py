"""`sightline-local status` and `logs`: look at a run."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self

from rich.console import Console
from rich.table import Table

from sightline_local.errors import LocalError
from sightline_local.programs import PROGRAMS
from sightline_local.readiness import Readiness
from sightline_local.settings import Settings
from sightline_local.sources import running_sources, shown
from sightline_local.supervisor import Supervisor

_TAIL_BYTES = 8192
_POLL_S = 0.2


def status(settings: Settings, console: Console) -> bool:
    """Print a table of the programs; whether all of them are ready."""
    supervisor = Supervisor(settings.state_dir)
    if supervisor.pid() is None:
        console.print("Sightline is not running: start it with `make up`.")
        return False
    table = Table("program", "state", "pid", "up for", "ready")
    healthy = True
    with Readiness(settings) as readiness:
        for state in supervisor.states():
            problem = readiness.problem(state)
            healthy = healthy and problem is None
            since = state.description.rpartition("uptime ")[2] if state.pid else ""
            word = "DONE" if state.done else state.state
            table.add_row(state.name, word, str(state.pid or ""), since, problem or "yes")
    console.print(table)
    console.print(f"console {settings.gateway_url}/")
    for line in shown(running_sources(settings.bridge)):
        console.print(line, highlight=False, markup=False)
    return healthy


def logs(settings: Settings, names: Sequence[str], *, follow: bool, write: Callable[[str], None]) -> None:
    """Write the end of the programs' logs, and with `follow` what comes until Ctrl-C.

    Raises LocalError for a name that is no program.
    """
    known = [program.name for program in PROGRAMS] + ["supervisor"]
    for name in names:
        if name not in known:
            raise LocalError(f"there is no program {name}: choose from {', '.join(known)}")
    supervisor = Supervisor(settings.state_dir)
    with ExitStack() as stack:
        tails = [stack.enter_context(Tail(name, supervisor.log_file(name))) for name in names or known]
        while True:
            for tail in tails:
                for line in tail.new_lines():
                    write(f"{tail.name:<10} {line}" if len(tails) > 1 else line)
            if not follow:
                return
            time.sleep(_POLL_S)


class Tail:
    """Reads a log from near its end; follows it into the file that replaces it when it grows too large.

    A context manager.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def new_lines(self) -> list[str]:
        """Whole lines that were not returned before."""
        if self._file is None:
            if not self._path.is_file():
                return []
            self._open(at_end=True)
        elif self._path.stat().st_ino != self._inode:
            lines = self._read()
            self._open(at_end=False)
            return lines + self._read()
        return self._read()

    def _open(self, *, at_end: bool) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._path.open("rb")
        self._inode = self._path.stat().st_ino
        size = self._path.stat().st_size
        if at_end and size > _TAIL_BYTES:
            self._file.seek(size - _TAIL_BYTES)
            self._file.readline()  # the rest of a line cut in two

    def _read(self) -> list[str]:
        assert self._file is not None
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [line.decode(errors="replace") for line in lines]
