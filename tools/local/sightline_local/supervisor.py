"""supervisord as our process supervisor: its configuration, starting it, and talking to it over its Unix socket."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from supervisor.xmlrpc import Faults, SupervisorTransport

from sightline_local.errors import LocalError
from sightline_local.processes import MARKER
from sightline_local.programs import PROGRAMS, Program
from sightline_local.settings import ROOT, shown_environment

# The path of a Unix socket must fit 108 bytes; supervisord appends a process id while it creates it.
_SOCKET_PATH_LIMIT: Final = 90
_LOOK_AGAIN_S: Final = 0.1
_LOG_BYTES: Final = "20MB"


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What the supervisor says of one program. `state` is its word: RUNNING, EXITED, BACKOFF, FATAL, ..."""

    name: str
    state: str
    pid: int
    exit_status: int
    description: str

    @classmethod
    def of(cls, info: dict[str, Any]) -> Self:
        """Read one entry of the supervisor's process list."""
        return cls(info["name"], info["statename"], info["pid"], info["exitstatus"], info["description"])

    @property
    def done(self) -> bool:
        """Whether it ended by itself with success."""
        return self.state == "EXITED" and self.exit_status == 0


class Supervisor:
    """The supervisor whose files are in `state_dir`, running or not."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._socket = _socket_path(state_dir)
        self._config = state_dir / "supervisord.conf"
        self._environment = state_dir / "environment.json"

    def log_file(self, program: str) -> Path:
        """What the program printed."""
        return self._state_dir / "logs" / f"{program}.log"

    def pid(self) -> int | None:
        """Process id of the running supervisor, None when there is none."""
        try:
            return int(self._call("getPID"))
        except (OSError, xmlrpc.client.Error):
            return None

    def start(self) -> None:
        """Write the configuration and start the supervisor, which starts every program.

        Raises LocalError when it cannot.
        """
        (self._state_dir / "logs").mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._configuration())
        _write_private(self._environment, json.dumps(shown_environment(), indent=1))
        # PYTHONUNBUFFERED: a log must be complete up to the moment a program is killed.
        environment = os.environ | {MARKER: str(self._state_dir), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise LocalError(f"the supervisor did not start:\n{(done.stdout + done.stderr).strip()}")

    def states(self) -> list[ProgramState]:
        """State of every program, in starting order. Raises LocalError when the supervisor does not answer."""
        try:
            found = {info["name"]: ProgramState.of(info) for info in self._call("getAllProcessInfo")}
        except (OSError, xmlrpc.client.Error) as error:
            raise LocalError(f"the supervisor does not answer: {error}") from error
        return [found[program.name] for program in PROGRAMS]

    def start_stopped(self) -> None:
        """Start what has given up or was stopped by hand; one-shot programs that succeeded stay as they are."""
        for state in self.states():
            if state.state in {"STOPPED", "FATAL"} or (state.state == "EXITED" and not state.done):
                self.start_program(state.name)

    def stop_program(self, name: str) -> None:
        """Stop one program and keep it stopped, also when it is just being started again. Returns when it has ended."""
        while next(state for state in self.states() if state.name == name).state not in {"STOPPED", "FATAL"}:
            try:
                self._call("stopProcess", name)
            except xmlrpc.client.Fault as fault:
                # It ended by itself between the look and the call; the supervisor is about to start it again.
                if fault.faultCode != Faults.NOT_RUNNING:
                    raise
                time.sleep(_LOOK_AGAIN_S)

    def start_program(self, name: str) -> None:
        """Start a program that was stopped; returns at once."""
        self._call("startProcess", name, False)

    def changed_settings(self) -> list[str]:
        """Names of SIGHTLINE_ and OTEL_ variables whose values differ from those the running programs have."""
        then, now = json.loads(self._environment.read_text()), shown_environment()
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))

    def shut_down(self) -> None:
        """Ask it to stop every program and then itself; returns before it has."""
        try:
            self._call("shutdown")
        except (OSError, xmlrpc.client.Error) as error:
            raise LocalError(f"the supervisor does not stop: {error}") from error

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)

    def _configuration(self) -> str:
        sections: dict[str, dict[str, object]] = {
            "unix_http_server": {"file": self._socket, "chmod": "0700"},
            "supervisord": {
                "directory": ROOT,
                "logfile": self._state_dir / "logs" / "supervisor.log",
                "logfile_maxbytes": _LOG_BYTES,
                "pidfile": self._state_dir / "supervisord.pid",
                "childlogdir": self._state_dir / "logs",
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }
        for priority, program in enumerate(PROGRAMS, start=1):
            sections[f"program:{program.name}"] = self._section(program, priority)
        return "\n".join(_render(name, options) for name, options in sections.items())

    def _section(self, program: Program, priority: int) -> dict[str, object]:
        return {
            "command": shlex.join(program.command),
            "priority": priority,
            # A program that dies within 2 s three times in a row will not get better by itself.
            "startsecs": 0 if program.one_shot else 2,
            "startretries": 3,
            "autorestart": "unexpected" if program.one_shot else "true",
            "exitcodes": 0,
            "stopwaitsecs": program.stop_s,
            "stopasgroup": str(program.signal_children).lower(),
            "killasgroup": "true",
            "redirect_stderr": "true",
            # supervisord 4.3 expands this one option twice.
            "stdout_logfile": str(self.log_file(program.name)).replace("%", "%%"),
            "stdout_logfile_maxbytes": _LOG_BYTES,
            "stdout_logfile_backups": 2,
        }


def _socket_path(state_dir: Path) -> Path:
    path = state_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sightline-{os.getuid()}-{name}.sock"


def _write_private(path: Path, text: str) -> None:
    """Write a new file that nobody else may read at any moment: Kafka's password and a collector's tokens are in it."""
    path.unlink(missing_ok=True)  # one that is there keeps whom it was opened to
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _render(section: str, options: dict[str, object]) -> str:
    # supervisord expands %(name)s in values.
    lines = (f"{name} = {str(value).replace('%', '%%')}\n" for name, value in options.items())
    return f"[{section}]\n{''.join(lines)}"
