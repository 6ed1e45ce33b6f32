"""What Compose makes of its files, for every profile, without starting anything."""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.docker.project import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("compose_plugin")]

BASIC = {"kafka", "topics", "gateway", "classifier", "bridge"}
FOLDER = ROOT / "deploy" / "compose"
# Options of `docker compose`, and the services that they add.
PROFILES: dict[str, tuple[list[str], set[str]]] = {
    "default": ([], set()),
    "demo": (["--profile", "demo"], {"demo"}),
    "ui": (["--profile", "ui"], {"kafka-ui"}),
    "observability": (["--profile", "observability"], {"prometheus", "grafana"}),
    "cluster": (["--env-file", f"{FOLDER}/cluster.env"], {"spark-secret", "spark-master", "spark-worker"}),
    "secure": (["--env-file", f"{FOLDER}/secure.env"], {"certificates", "access"}),
}


def rendered(options: list[str], **environment: str) -> dict[str, Any]:
    """The services as Compose would start them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIGHTLINE_", "COMPOSE_"))}
    done = subprocess.run(
        ["docker", "compose", *options, "config", "--format", "json"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_adds_its_services(profile: str) -> None:
    options, added = PROFILES[profile]
    assert set(rendered(options)) == BASIC | added


@pytest.mark.parametrize("profile", PROFILES)
def test_every_service_is_confined(profile: str) -> None:
    for name, service in rendered(PROFILES[profile][0]).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] in {"unless-stopped", "on-failure:3"}, name
        limits = service["deploy"]["resources"]["limits"]
        assert int(limits["memory"]) > 0, name
        assert limits["pids"] > 0, name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name


def test_only_uploads_and_frames_can_be_opened_to_others() -> None:
    services = rendered([], SIGHTLINE_BIND="0.0.0.0")
    open_ports = {
        port["target"]
        for service in services.values()
        for port in service.get("ports", [])
        if port["host_ip"] == "0.0.0.0"
    }
    assert open_ports == {8080, 9500}


def test_a_port_of_this_machine_is_not_the_port_inside() -> None:
    """`.env` moves the published port; inside the container the process keeps the one that is published."""
    gateway = rendered([], SIGHTLINE_GATEWAY_PORT="18080")["gateway"]
    assert [(port["published"], port["target"]) for port in gateway["ports"]] == [("18080", 8080)]
    assert gateway["environment"]["SIGHTLINE_GATEWAY_PORT"] == "8080"
