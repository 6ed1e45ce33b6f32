"""One run of docker-compose.yml: a project name, host ports and volumes of its own."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import docker
import httpx
from docker.models.containers import Container

from sightline_contracts.topics import RESULTS
from sightline_local.ports import free_port
from sightline_local.samples import photo
from tests.e2e.system import eventually, post, records_of

ROOT: Final = Path(__file__).resolve().parents[2]
PHOTO_MODEL: Final = "efficientnet-lite0"
UP_DEADLINE_S: Final = 300
_PORTS: Final = (
    "KAFKA_PORT",
    "GATEWAY_PORT",
    "BRIDGE_PORT",
    "BRIDGE_MANAGEMENT_PORT",
    "CLASSIFIER_MANAGEMENT_PORT",
)


def docker_compose(
    *arguments: str,
    env_files: tuple[Path, ...],
    folder: Path = ROOT,
    deadline_s: float = UP_DEADLINE_S,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    """Run `docker compose` in `folder` with the settings of `env_files` and of `environment`; it may fail.

    Nothing else gets through: no setting of the environment that the tests run in, and no `.env` of a developer.
    Compose is given other files; for the containers one of them, or `environment`, has to set SIGHTLINE_COMPOSE_ENV.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("SIGHTLINE_", "COMPOSE_"))}
    return subprocess.run(
        ["docker", "compose", *(part for file in env_files for part in ("--env-file", str(file))), *arguments],
        cwd=folder,
        env=clean | dict(environment),
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Project:
    """A compose project; `environment` holds its settings, which go into the file `settings`."""

    name: str
    settings: Path
    engine: docker.DockerClient
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, name: str, folder: Path, engine: docker.DockerClient, **environment: str) -> "Project":
        """A project with free ports; nothing is started."""
        settings = folder / f"{name}.env"
        chosen = {f"SIGHTLINE_{port}": str(free_port()) for port in _PORTS} | environment
        chosen["SIGHTLINE_COMPOSE_ENV"] = str(settings)
        settings.write_text("".join(f"{key}={value}\n" for key, value in chosen.items()), encoding="utf-8")
        return cls(name, settings, engine, chosen)

    def compose(
        self, *arguments: str, files: tuple[Path, ...] = (), deadline_s: float = UP_DEADLINE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose` on the project with the settings of `files` and its own; the test fails if it fails."""
        done = docker_compose("-p", self.name, *arguments, env_files=(*files, self.settings), deadline_s=deadline_s)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done

    def container(self, service: str) -> Container:
        """The service's container as it is now."""
        labels = [f"com.docker.compose.project={self.name}", f"com.docker.compose.service={service}"]
        found = self.engine.containers.list(all=True, filters={"label": labels})
        assert len(found) == 1, f"{service}: {found}"
        return found[0]

    def kill(self, service: str) -> None:
        """SIGKILL to the first process of the service's container, as the kernel does when memory runs out.

        Not `docker kill`: after it the engine takes the container for stopped by hand and leaves it so.
        """
        os.kill(self.container(service).attrs["State"]["Pid"], signal.SIGKILL)

    def await_healthy(self, service: str, deadline_s: float = 120) -> None:
        """Wait until the service's container runs and says that it is ready."""
        eventually(
            lambda: self.container(service).attrs["State"].get("Health", {}).get("Status") == "healthy",
            deadline_s,
            f"{service} to be healthy",
        )

    def logs(self, service: str) -> str:
        """What the service's container printed."""
        return str(self.container(service).logs().decode())

    def port(self, name: str) -> int:
        """A host port by the end of its variable's name."""
        return int(self.environment[f"SIGHTLINE_{name}"])

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.port('GATEWAY_PORT')}"

    @property
    def bridge(self) -> tuple[str, int]:
        """The bridge's frames port."""
        return "127.0.0.1", self.port("BRIDGE_PORT")

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """A client of the gateway."""
        with httpx.Client(base_url=self.url, timeout=70, trust_env=False) as client:
            yield client

    def results(self) -> list[Any]:
        """Every result document that is in the topic now."""
        return [json.loads(record.value) for record in records_of(f"127.0.0.1:{self.port('KAFKA_PORT')}", RESULTS)]


@dataclass(frozen=True, slots=True)
class FirstStart:
    """A project after its first label: the seconds from `up --wait` to it, and what each service had logged by then."""

    project: Project
    seconds: float
    logs: dict[str, str] = field(repr=False)


def classify_photo(http: httpx.Client) -> Any:
    """Upload the photo of a palace and wait for its result; the first one waits until the model is loaded."""
    answer = post(http, photo("china.jpg"), wait_s=60, model=PHOTO_MODEL)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def up_until_first_label(project: Project, *files: Path) -> Iterator[float]:
    """`up --wait` on empty volumes and the first photo's label: the seconds of both. All of it is gone at the end."""
    try:
        began = time.monotonic()
        project.compose("up", "--wait", "--no-build", files=files)
        with project.http() as http:
            result = classify_photo(http)
        assert result["predictions"][0]["label"] == "palace"
        yield time.monotonic() - began
    finally:
        project.compose("down", "-v", "--remove-orphans", files=files)
