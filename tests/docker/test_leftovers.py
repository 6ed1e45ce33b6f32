"""A killed run's containers are gone with the next run, those of a run that is alive stay."""

from uuid import uuid4

import docker
import pytest

from tests.docker.conftest import IMAGES
from tests.docker.leftovers import LABEL, PREFIX, alive, is_alive, project_name, remove_leftovers

pytestmark = [pytest.mark.docker]


def new_run() -> str:
    """A run of nobody."""
    return uuid4().hex[:12]


def leave(engine: docker.DockerClient, project: str) -> None:
    """What a project has when its test is killed: a container that runs, a volume, a network."""
    labels = {LABEL: project}
    network = engine.networks.create(project, labels=labels)
    volume = engine.volumes.create(project, labels=labels)
    engine.containers.run(
        IMAGES["topics"],
        entrypoint=["sleep", "600"],
        detach=True,
        init=True,
        labels=labels,
        network=network.name,
        volumes={volume.name: {"bind": "/data", "mode": "rw"}},
    )


def left(engine: docker.DockerClient, project: str) -> int:
    """How many things the engine has of a project."""
    filters = {"label": f"{LABEL}={project}"}
    return sum(
        len(found)
        for found in (
            engine.containers.list(all=True, filters=filters),
            engine.networks.list(filters=filters),
            engine.volumes.list(filters=filters),
        )
    )


def test_what_a_dead_run_left_is_removed(engine: docker.DockerClient) -> None:
    """Two projects of killed runs were found classifying nothing on every start of the engine."""
    living, dead = new_run(), new_run()
    with alive(living):
        of_the_living, of_the_dead = project_name(living, "compose"), project_name(dead, "compose")
        other = f"{PREFIX}-{new_run()}"  # not a name of ours
        try:
            for project in (of_the_living, of_the_dead, other):
                leave(engine, project)
            assert of_the_dead in remove_leftovers(engine)
            assert [left(engine, project) for project in (of_the_living, of_the_dead, other)] == [3, 0, 3]
        finally:
            remove(engine, other)
    assert of_the_living in remove_leftovers(engine)
    assert left(engine, of_the_living) == 0


def remove(engine: docker.DockerClient, project: str) -> None:
    """Take away what `leave` made."""
    filters = {"label": f"{LABEL}={project}"}
    for container in engine.containers.list(all=True, filters=filters):
        container.remove(force=True)
    for network in engine.networks.list(filters=filters):
        network.remove()
    for volume in engine.volumes.list(filters=filters):
        volume.remove()


def test_a_run_is_alive_until_its_process_ends() -> None:
    run = new_run()
    assert not is_alive(run)
    with alive(run):
        assert is_alive(run)
    assert not is_alive(run)
