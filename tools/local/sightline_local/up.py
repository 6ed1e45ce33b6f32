"""`sightline-local up`: start everything and return when a picture comes back classified."""

import time
from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Final

from rich.console import Console

from sightline_local.check import missing_prerequisites
from sightline_local.errors import LocalError
from sightline_local.ports import is_taken
from sightline_local.programs import PROGRAMS
from sightline_local.progress import Reporter, reporter
from sightline_local.readiness import Readiness
from sightline_local.settings import API_KEY, KAFKA_SETTING, Settings
from sightline_local.supervisor import ProgramState, Supervisor

FIRST_IMAGE: Final = "first image"
_STEPS: Final = (*(program.name for program in PROGRAMS), FIRST_IMAGE)
_POLL_S: Final = 0.25
# A program that was started this often during one `up` will not come up.
_MOST_STARTS: Final = 3
_LOG_LINES: Final = 20


def check(settings: Settings, supervisor: Supervisor) -> None:
    """Look for everything the run needs. Raises LocalError with one line for each thing that is missing."""
    problems = missing_prerequisites()
    if not any(settings.classifier.classifier_engine_dir.glob("*.jar")):
        problems.append("the inference engine is not built: run `make engine`")
    if settings.gateway.identifies and settings.api_key is None:
        problems.append(
            f"the gateway asks for keys: set {API_KEY} to one with upload and read, for the first image"
            " (`sightline-key` makes keys)"
        )
    if supervisor.pid() is None:
        problems += port_problems(settings)
    if problems:
        raise LocalError("\n".join(problems))


def up(settings: Settings, console: Console) -> None:
    """Start what does not run and wait until the first image is classified.

    Raises LocalError naming the program that failed, the end of its log and what to do.
    """
    supervisor = Supervisor(settings.state_dir)
    check(settings, supervisor)
    if supervisor.pid() is None:
        supervisor.start()
    else:
        _refuse_changed_settings(supervisor)
        supervisor.start_stopped()
    with Readiness(settings) as readiness, reporter(console, _STEPS) as progress:
        _Wait(supervisor, readiness, progress).run(settings.local.local_start_timeout_s)
    console.print(f"Sightline is up: {settings.gateway_url}/  (frames: tcp 127.0.0.1:{settings.bridge.bridge_port})")


class _Wait:
    """One wait for the whole system."""

    def __init__(self, supervisor: Supervisor, readiness: Readiness, progress: Reporter) -> None:
        self._supervisor = supervisor
        self._readiness = readiness
        self._progress = progress
        self._pids: dict[str, set[int]] = defaultdict(set)
        self._reached: Set[str] = frozenset()

    def run(self, deadline_s: float) -> None:
        """Poll until every step is reached. Raises LocalError on failure or at the deadline."""
        end = time.monotonic() + deadline_s
        while missing := self._missing():
            if time.monotonic() > end:
                raise self._late(missing, deadline_s)
            time.sleep(_POLL_S)
        self._progress.done(FIRST_IMAGE)

    def _missing(self) -> dict[str, str]:
        """Reason by step of what is not ready; the first image is only sent once all else is."""
        states = self._supervisor.states()
        missing = {state.name: reason for state in states if (reason := self._problem(state))}
        self._show({state.name for state in states} - missing.keys(), missing)
        if not missing and (reason := self._readiness.first_image_problem()):
            missing[FIRST_IMAGE] = reason
            self._show(set(_STEPS) - missing.keys(), missing)
        return missing

    def _show(self, ready: Set[str], missing: Mapping[str, str]) -> None:
        for step in _STEPS:
            if step in ready - self._reached:
                self._progress.done(step)
            elif step in missing:
                self._progress.waiting(step, missing[step])
        self._reached = ready

    def _problem(self, state: ProgramState) -> str | None:
        if state.pid:
            self._pids[state.name].add(state.pid)
        if state.state == "FATAL" or len(self._pids[state.name]) > _MOST_STARTS:
            raise LocalError(f"{state.name} failed: it ended again and again. {self._advice(state.name)}")
        return self._readiness.problem(state)

    def _late(self, missing: dict[str, str], deadline_s: float) -> LocalError:
        reasons = "; ".join(f"{step}: {reason}" for step, reason in missing.items())
        program = next((step for step in missing if step != FIRST_IMAGE), "classifier")
        return LocalError(f"not ready after {deadline_s:.0f} s ({reasons}). {self._advice(program)}")

    def _advice(self, program: str) -> str:
        log = self._supervisor.log_file(program)
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        return "\n".join(
            [
                f"The end of {log}:",
                *(f"  {line}" for line in lines[-_LOG_LINES:]),
                f"Mend what it says, then `make down` and `make up` again; `make logs NAME={program}` shows the rest.",
            ]
        )


def port_problems(settings: Settings) -> list[str]:
    """Why the ports of the settings cannot be used, a line a port."""
    lines, seen = [], dict[int, str]()
    for setting, port in settings.ports.items():
        if port == 0:
            lines.append(f"{setting} is 0, but the programs must find each other: give it a port")
        elif port in seen:
            lines.append(f"port {port} is given to both {seen[port]} and {setting}: change one")
        elif is_taken(port):
            value = "127.0.0.1:PORT with a free port" if setting == KAFKA_SETTING else "a free port"
            lines.append(f"port {port} is taken by another program: stop that program, or set {setting} to {value}")
        seen.setdefault(port, setting)
    return lines


def _refuse_changed_settings(supervisor: Supervisor) -> None:
    changed = supervisor.changed_settings()
    if changed:
        raise LocalError(f"it runs with other values of {', '.join(changed)}: run `make down` first, then `make up`")
