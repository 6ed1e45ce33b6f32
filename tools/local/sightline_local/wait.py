"""Waits until programs that were started do their work, and says why when they do not."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, TypeAlias

from sightline_local.errors import LocalError
from sightline_local.progress import Reporter
from sightline_local.readiness import Readiness
from sightline_local.supervisor import ProgramState, Supervisor

_POLL_S: Final = 0.25
# Why something does not work yet; None once it does.
Problem: TypeAlias = Callable[[], str | None]
_NOTHING: Final[Mapping[str, Problem]] = {}
# A program that was started this often during one wait will not come up.
_MOST_STARTS: Final = 3
_LOG_LINES: Final = 20


class LogMarks:
    """Where the logs of some programs end now: what comes behind is of this attempt."""

    def __init__(self, supervisor: Supervisor, programs: Sequence[str]) -> None:
        self.programs: Final = programs
        self._supervisor = supervisor
        files = {program: supervisor.log_file(program) for program in programs}
        self._ends = {program: file.stat().st_size for program, file in files.items() if file.is_file()}

    def printed(self, program: str) -> list[str]:
        """What `program` printed since, its end. Each line once: one that ends is started again and says the same."""
        log = self._supervisor.log_file(program)
        if not log.is_file():
            return []
        text, end = log.read_bytes(), self._ends.get(program, 0)
        new = text[end:] if len(text) >= end else text  # it grew too large meanwhile, and began anew
        return list(dict.fromkeys(new.decode(errors="replace").splitlines()))[-_LOG_LINES:]


class Wait:
    """One wait for the programs of `marks`, and then for what has to work once they do."""

    def __init__(self, supervisor: Supervisor, readiness: Readiness, progress: Reporter, marks: LogMarks) -> None:
        self._supervisor = supervisor
        self._readiness = readiness
        self._progress = progress
        self._marks = marks
        self._pids: dict[str, set[int]] = defaultdict(set)
        self._reached: Set[str] = frozenset()

    def run(self, deadline_s: float, then: Mapping[str, Problem] = _NOTHING) -> None:
        """Poll until every program is ready, and after that no step of `then` has a problem any more.

        Raises LocalError on failure or at the deadline.
        """
        end = time.monotonic() + deadline_s
        while missing := self._missing(then):
            if time.monotonic() > end:
                raise self._late(missing, deadline_s)
            time.sleep(_POLL_S)
        for step in then:
            self._progress.done(step)

    def _missing(self, then: Mapping[str, Problem]) -> dict[str, str]:
        """Reason by step of what is not ready."""
        programs = self._marks.programs
        states = [state for state in self._supervisor.states() if state.name in programs]
        missing = {state.name: reason for state in states if (reason := self._problem(state))}
        ready = set(programs) - missing.keys()
        for program in programs:
            if program in ready - self._reached:
                self._progress.done(program)
        self._reached = ready
        if not missing:
            missing = {step: reason for step, problem in then.items() if (reason := problem())}
        for step, reason in missing.items():
            self._progress.waiting(step, reason)
        return missing

    def _problem(self, state: ProgramState) -> str | None:
        if state.pid:
            self._pids[state.name].add(state.pid)
        if state.state == "FATAL" or len(self._pids[state.name]) > _MOST_STARTS:
            raise LocalError(f"{state.name} failed: it ended again and again. {self._advice(state.name)}")
        return self._readiness.problem(state)

    def _late(self, missing: Mapping[str, str], deadline_s: float) -> LocalError:
        reasons = "; ".join(f"{step}: {reason}" for step, reason in missing.items())
        program = next((step for step in missing if step in self._marks.programs), "classifier")
        return LocalError(f"not ready after {deadline_s:.0f} s ({reasons}). {self._advice(program)}")

    def _advice(self, program: str) -> str:
        return "\n".join(
            [
                f"It printed ({self._supervisor.log_file(program)}):",
                *(f"  {line}" for line in self._marks.printed(program)),
                f"Mend what it says, then `make down` and `make up` again; `make logs NAME={program}` shows the rest.",
            ]
        )
