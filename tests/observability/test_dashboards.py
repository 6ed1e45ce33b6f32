"""Dashboards and their provisioning. No Grafana can be had here: their form and their references are tested."""

import json
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.queries import DASHBOARDS, FOLDER, ROOT, panels

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose" / "observability.yml").read_text())["services"]


def load(path: Path) -> Any:
    """The document in a YAML file."""
    return yaml.safe_load(path.read_text())


def test_there_is_an_overview_and_the_details() -> None:
    assert [path.stem for path in DASHBOARDS] == ["overview", "services"]
    assert len({json.loads(path.read_text())["uid"] for path in DASHBOARDS}) == len(DASHBOARDS)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: str(path.stem))
def test_panels_stand_beside_each_other(path: Path) -> None:
    every = json.loads(path.read_text())["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in every:
        assert 0 <= panel["gridPos"]["x"] <= 24 - panel["gridPos"]["w"], panel["title"]
    for one, other in combinations(every, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: str(path.stem))
def test_every_panel_asks_the_source_that_is_chosen_above(path: Path) -> None:
    (variable,) = json.loads(path.read_text())["templating"]["list"]
    for panel in panels(path):
        assert panel["targets"], panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": variable["query"], "uid": f"${{{variable['name']}}}"}


def test_grafana_is_given_what_exists() -> None:
    (source,) = load(FOLDER / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    (provider,) = load(FOLDER / "grafana/provisioning/dashboards/sightline.yml")["providers"]
    host, port = source["url"].removeprefix("http://").split(":")
    mounts = dict(mount.split(":")[1::-1] for mount in COMPOSE["grafana"]["volumes"])

    assert COMPOSE[host]["ports"][0].endswith(f":{port}")
    folder = (ROOT / "deploy" / "compose" / mounts[provider["options"]["path"]]).resolve()
    assert folder == DASHBOARDS[0].parent
    home = COMPOSE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (folder / Path(home).relative_to(provider["options"]["path"])).exists()
    provisioning = ROOT / "deploy" / "compose" / mounts["/etc/grafana/provisioning"]
    assert provisioning.resolve() == FOLDER / "grafana" / "provisioning"


def test_prometheus_scrapes_the_services_that_compose_runs() -> None:
    jobs = load(FOLDER / "prometheus.yml")["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}

    assert targets.pop("prometheus") == ["localhost:9090"]
    assert targets == {"gateway": ["gateway:8080"], "bridge": ["bridge:9501"], "classifier": ["classifier:9502"]}
    services = load(ROOT / "docker-compose.yml")
    assert set(targets) <= set(services["services"])
    assert "deploy/compose/observability.yml" in services["include"]


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_observers_are_confined_and_not_to_be_reached_from_elsewhere(name: str) -> None:
    service = COMPOSE[name]

    assert service["profiles"] == ["observability"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:${") for port in service["ports"])
    assert service["deploy"]["resources"]["limits"].keys() == {"memory", "pids"}


def test_nobody_gets_into_grafana_without_a_password_of_the_operators_own() -> None:
    environment = COMPOSE["grafana"]["environment"]

    assert environment["GF_SECURITY_ADMIN_PASSWORD"] == "${SIGHTLINE_GRAFANA_PASSWORD:-}"
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == environment["GF_USERS_ALLOW_SIGN_UP"] == "false"


def test_grafana_does_not_start_without_a_password() -> None:
    """Else it would let anybody in as admin/admin. Its own start script is not here: reaching it is enough."""
    shell, flag, script = COMPOSE["grafana"]["entrypoint"]
    here = script.replace("$$", "$").replace("/run.sh", "echo started").replace("sleep infinity", "echo waiting")

    def start(password: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": "/usr/bin:/bin", "GF_SECURITY_ADMIN_PASSWORD": password}
        return subprocess.run(
            [shell, flag, here], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    refused = start("")
    assert refused.stdout == "waiting\n"
    assert "SIGHTLINE_GRAFANA_PASSWORD" in refused.stderr
    assert start("correct horse").stdout == "started\n"
