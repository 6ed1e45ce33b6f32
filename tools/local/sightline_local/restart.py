"""`sightline-local restart`: stop some programs and start them again, while the others go on."""

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
from sightline_local.up import refuse_changed_settings
from sightline_local.wait import LogMarks, Wait

RESTARTABLE: Final = tuple(program.name for program in PROGRAMS if not program.one_shot)


def restart(settings: Settings, names: Sequence[str], console: Console) -> None:
    """Restart the programs of those names and wait until they are ready.

    Raises:
        LocalError: nothing runs, the settings are others than those it runs with, or a program did not come up.
        ConfigError: the bridge is among them and its sources cannot be used; it goes on as it was.
    """
    supervisor = Supervisor(settings.state_dir)
    if supervisor.pid() is None:
        raise LocalError("Sightline is not running: start it with `make up`")
    refuse_changed_settings(supervisor)
    if "bridge" in names:
        source_ports(settings.bridge)
    marks = LogMarks(supervisor, names)
    for name in names:
        supervisor.stop_program(name)
        supervisor.start_program(name)
    with Readiness(settings) as readiness, reporter(console, names) as progress:
        Wait(supervisor, readiness, progress, marks).run(settings.local.local_start_timeout_s)
    if "bridge" in names:
        for line in shown(running_sources(settings.bridge)):
            console.print(line, highlight=False, markup=False)
