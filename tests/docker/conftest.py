"""A Docker engine, the project's images, and one run of them for most tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from uuid import uuid4

import docker
import httpx
import pytest
from docker.errors import DockerException, ImageNotFound

from tests.docker.leftovers import alive, project_name, remove_leftovers
from tests.docker.project import FirstStart, Project, up_until_first_label

IMAGES = {
    name: f"sightline/{name}:{os.environ.get('SIGHTLINE_IMAGE_TAG', '0.1.0')}"
    for name in ("gateway", "bridge", "topics", "classifier", "demo")
}


@pytest.fixture(scope="session")
def compose_plugin() -> None:
    """Skips where `docker compose` is missing."""
    if shutil.which("docker") is None:
        pytest.skip("needs Docker: make engine-docker")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the plugin docker compose: make test-docker builds it")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The Docker engine with the project's images."""
    try:
        client = docker.from_env(timeout=120)
    except DockerException as error:
        pytest.skip(f"no Docker engine answers ({error}): make engine-docker")
    try:
        for tag in IMAGES.values():
            client.images.get(tag)
        remove_leftovers(client)
        yield client
    except ImageNotFound as error:
        pytest.skip(f"{error.explanation}: make images")
    finally:
        client.close()


@pytest.fixture(scope="session")
def run() -> Iterator[str]:
    """What the names of this run's projects begin with: the next run removes them should this one be killed."""
    name = uuid4().hex[:12]
    with alive(name):
        yield name


@pytest.fixture(scope="session")
def needs_root() -> None:
    """Skips where the tests may not kill a container's process."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a container's process is killed from outside")


@pytest.fixture(scope="session")
def first_start(
    engine: docker.DockerClient, compose_plugin: None, run: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FirstStart]:
    """The shared project's start on empty volumes."""
    running = Project.in_folder(project_name(run, "compose"), tmp_path_factory.mktemp("compose"), engine)
    with up_until_first_label(running) as seconds:
        logs = {service: running.logs(service) for service in ("gateway", "classifier", "bridge", "topics")}
        yield FirstStart(running, seconds, logs)


@pytest.fixture(scope="session")
def project(first_start: FirstStart) -> Project:
    """All of the default profile, ready. Tests may break it, but leave it running and healthy."""
    return first_start.project


@pytest.fixture
def http(project: Project) -> Iterator[httpx.Client]:
    """A client of the project's gateway."""
    with project.http() as client:
        yield client
