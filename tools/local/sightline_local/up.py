"""`sightline-local up`: start everything and return when a picture comes back classified."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console

from sightline_bridge.errors import ConfigError
from sightline_common.settings import PREFIX
from sightline_local.check import missing_prerequisites
from sightline_local.errors import LocalError
from sightline_local.ports import is_taken
from sightline_local.programs import PROGRAMS
from sightline_local.progress import reporter
from sightline_local.readiness import Readiness
from sightline_local.settings import API_KEY, KAFKA_SETTING, Settings
from sightline_local.sources import running_sources, shown, source_ports
from sightline_local.supervisor import Supervisor
from sightline_local.wait import LogMarks, Wait

FIRST_IMAGE: Final = "first image"
_NAMES: Final = tuple(program.name for program in PROGRAMS)


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
    try:
        ports = settings.ports | source_ports(settings.bridge)
    except ConfigError as error:
        problems += error.problems
        ports = settings.ports
    if supervisor.pid() is None:
        problems += port_problems(ports)
    if problems:
        raise LocalError("\n".join(problems))


def up(settings: Settings, console: Console) -> None:
    """Start what does not run and wait until the first image is classified.

    Raises LocalError naming the program that failed, the end of its log and what to do.
    """
    supervisor = Supervisor(settings.state_dir)
    check(settings, supervisor)
    marks = LogMarks(supervisor, _NAMES)
    if supervisor.pid() is None:
        supervisor.start()
    else:
        refuse_changed_settings(supervisor)
        supervisor.start_stopped()
    with Readiness(settings) as readiness, reporter(console, (*_NAMES, FIRST_IMAGE)) as progress:
        wait = Wait(supervisor, readiness, progress, marks)
        wait.run(settings.local.local_start_timeout_s, {FIRST_IMAGE: readiness.first_image_problem})
    console.print(f"Sightline is up: {settings.gateway_url}/")
    for line in shown(running_sources(settings.bridge)):
        console.print(line, highlight=False, markup=False)


def port_problems(ports: Mapping[str, int]) -> list[str]:
    """Why the ports, by the settings and sources that have them, cannot be used; a line a port."""
    lines, seen = [], dict[int, str]()
    for setting, port in ports.items():
        if port == 0:
            lines.append(f"{setting} is 0, but the programs must find each other: give it a port")
        elif port in seen:
            lines.append(f"port {port} is given to both {seen[port]} and {setting}: change one")
        elif is_taken(port):
            lines.append(f"port {port} is taken by another program: stop that program, or {_change_of(setting)}")
        seen.setdefault(port, setting)
    return lines


def _change_of(setting: str) -> str:
    if not setting.startswith(PREFIX):
        return f"give {setting} another one"
    return f"set {setting} to {'127.0.0.1:PORT with a free port' if setting == KAFKA_SETTING else 'a free port'}"


def refuse_changed_settings(supervisor: Supervisor) -> None:
    """Raises LocalError when what runs was started with other settings than ours."""
    changed = supervisor.changed_settings()
    if changed:
        raise LocalError(f"it runs with other values of {', '.join(changed)}: run `make down` first, then `make up`")
