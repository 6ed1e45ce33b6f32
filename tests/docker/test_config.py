"""What Compose makes of its files, for every profile, without starting anything."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.docker.project import ROOT, docker_compose

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


def rendered(
    options: list[str], *, settings: Path = Path(os.devnull), folder: Path = ROOT, **environment: str
) -> dict[str, Any]:
    """The services as Compose would start them with a file of settings, which names itself for the containers."""
    done = docker_compose(
        *options,
        "config",
        "--format",
        "json",
        env_files=(settings,),
        folder=folder,
        environment={"SIGHTLINE_COMPOSE_ENV": str(settings)} | environment,
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


def test_a_developers_own_settings_stay_outside(tmp_path: Path) -> None:
    """COMPOSE_PROFILES=demo,ui in `.env` broke these tests, and every container of a test read the file."""
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=demo,ui\nSIGHTLINE_MAX_PIXELS=77\n")
    services = rendered([], folder=tmp_path)
    assert set(services) == BASIC
    assert not [name for name, service in services.items() if "SIGHTLINE_MAX_PIXELS" in service["environment"]]


def test_a_file_of_settings_that_names_itself_reaches_the_containers(tmp_path: Path) -> None:
    """`--env-file prod.env` alone is for Compose: a line about memory in it was dropped without a word."""
    settings = tmp_path / "prod.env"
    settings.write_text(f"SIGHTLINE_CLASSIFIER_DRIVER_MEMORY=3g\nSIGHTLINE_COMPOSE_ENV={settings}\n")
    done = docker_compose("config", "--format", "json", env_files=(settings,))
    assert (
        json.loads(done.stdout)["services"]["classifier"]["environment"]["SIGHTLINE_CLASSIFIER_DRIVER_MEMORY"] == "3g"
    )


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("name", "owner"), [("GRAFANA_PASSWORD", "grafana"), ("METRICS_KEY", "prometheus"), ("API_KEY", "demo")]
)
def test_a_secret_is_its_owners_alone(profile: str, name: str, owner: str, tmp_path: Path) -> None:
    """It stands in the file that every container gets."""
    settings = tmp_path / "secrets.env"
    settings.write_text(f"SIGHTLINE_{name}=hush\n")
    services = rendered(PROFILES[profile][0], settings=settings)
    told = {name for name, service in services.items() if "hush" in json.dumps(service)}
    assert told == {owner} & services.keys()


def test_an_image_is_told_the_version_that_its_tag_says() -> None:
    """`up --build` under another tag made images whose label and bill of materials said 0.1.0."""
    services = rendered(["--profile", "demo"], SIGHTLINE_IMAGE_TAG="0.2.0")
    told = {name: service["build"]["args"]["VERSION"] for name, service in services.items() if "build" in service}
    assert told == dict.fromkeys(("gateway", "bridge", "topics", "classifier", "demo"), "0.2.0")
