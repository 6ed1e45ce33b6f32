"""`sightline-local restart`: stop some programs and start them again, while the others go on."""

import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from sightline_local.errors import LocalError
from sightline_local.programs import PROGRAMS
from sightline_local.progress import reporter
from sightline_local.readiness import Readiness
from sightline_local.settings import Settings
from sightline_local.sources import running_sources, shown, source_ports
from sightline_local.supervisor import Supervisor
from sightline_local.up import port_problems, refuse_changed_settings
from sightline_local.wait import LogMarks, Wait

RESTARTABLE: Final = tuple(program.name for program in PROGRAMS if not program.one_shot)


def restart(settings: Settings, names: Sequence[str], console: Console) -> None:
    """Restart the programs of those names and wait until they are ready.

    Raises:
        LocalError: nothing runs, the settings are others than those it runs with, a program did not come up, or the
            bridge is among them and a port of its sources cannot be had; then it goes on as it was.
        ConfigError: the bridge is among them and its sources cannot be used; it goes on as it was.
    """
    supervisor = Supervisor(settings.state_dir)
    if supervisor.pid() is None:
        raise LocalError("Sightline is not running: start it with `make up`")
    refuse_changed_settings(supervisor)
    if "bridge" in names and (problems := _new_port_problems(settings)):
        raise LocalError("\n".join(problems))
    marks = LogMarks(supervisor, names)
    for name in names:
        supervisor.stop_program(name)
        supervisor.start_program(name)
    with Readiness(settings) as readiness, reporter(console, names) as progress:
        Wait(supervisor, readiness, progress, marks).run(settings.local.local_start_timeout_s)
    if "bridge" in names:
        for line in shown(running_sources(settings.bridge)):
            console.print(line, highlight=False, markup=False)


def _new_port_problems(settings: Settings) -> list[str]:
    """Why the ports of the bridge's file cannot be had; those that the running bridge has are its own."""
    ours = {port: setting for setting, port in settings.ports.items()}
    wanted = source_ports(settings.bridge)
    problems = [
        f"port {port} is given to both {ours[port]} and {it}: change one" for it, port in wanted.items() if port in ours
    ]
    running = "\n".join(source.does for source in running_sources(settings.bridge))
    if not running:
        return problems  # a bridge that does not answer may have any of them
    had = {int(port) for port in re.findall(r"listening on \S*:(\d+)", running)}
    return problems + port_problems({it: port for it, port in wanted.items() if port not in had | ours.keys()})
