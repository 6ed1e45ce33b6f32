"""What a killed run of these tests left on the Docker engine, which would start its containers again for ever."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import docker
from docker.errors import NotFound

PREFIX: Final = "sightline-test"
LABEL: Final = "com.docker.compose.project"
_NAME: Final = re.compile(rf"{PREFIX}-([0-9a-f]{{12}})-[a-z]+")


def project_name(run: str, what: str) -> str:
    """Name of a compose project of a run: 12 hexadecimal digits."""
    name = f"{PREFIX}-{run}-{what}"
    assert _NAME.fullmatch(name)
    return name


@contextmanager
def alive(run: str) -> Iterator[None]:
    """Shows every process of this machine that the run is alive, however it ends.

    A name of an abstract socket: the kernel frees it with its process, and it is no file that can be left behind.
    """
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(_address(run))
        yield


def is_alive(run: str) -> bool:
    """Whether a process is inside `alive(run)`."""
    try:
        with alive(run):
            return False
    except OSError:
        return True


def remove_leftovers(engine: docker.DockerClient) -> set[str]:
    """Remove containers, networks and volumes of runs that are dead: the names of their projects."""
    containers = engine.containers.list(all=True, ignore_removed=True, filters={"label": LABEL})
    networks = engine.networks.list(filters={"label": LABEL})
    volumes = engine.volumes.list(filters={"label": LABEL})
    labelled = [
        *((container, container.labels) for container in containers),
        *((network, network.attrs["Labels"]) for network in networks),
        *((volume, volume.attrs["Labels"]) for volume in volumes),
    ]
    dead = {name for _, labels in labelled if _is_dead(name := labels[LABEL])}
    for thing, labels in labelled:
        if labels[LABEL] in dead:
            with suppress(NotFound):  # another run that begins does the same
                thing.remove(**({"force": True, "v": True} if thing in containers else {}))
    return dead


def _is_dead(project: str) -> bool:
    matched = _NAME.fullmatch(project)
    return matched is not None and not is_alive(matched[1])


def _address(run: str) -> str:
    return f"\0{PREFIX}-{run}"
