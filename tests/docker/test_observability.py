"""The profile observability: Prometheus reaches every service of a running project. Grafana has no image here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.errors import ImageNotFound

from sightline_local.ports import free_port
from tests.docker.project import Project, classify_photo
from tests.e2e.system import eventually
from tests.observability.queries import alerts

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

IMAGE = "prom/prometheus:v3.5.0"
PROFILE = ("--profile", "observability")


@pytest.fixture
def prometheus(project: Project, engine: docker.DockerClient, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of the project's Prometheus."""
    try:
        engine.images.get(IMAGE)
    except ImageNotFound:
        pytest.skip(f"{IMAGE} is not here: make offline-images")
    port, settings = free_port(), tmp_path / "prometheus.env"
    settings.write_text(f"SIGHTLINE_PROMETHEUS_PORT={port}\n")
    try:
        project.compose(*PROFILE, "up", "--wait", "--no-build", "--no-recreate", "prometheus", files=(settings,))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10, trust_env=False) as client:
            yield client
    finally:
        project.compose(*PROFILE, "rm", "-sf", "prometheus")
        engine.volumes.get(f"{project.name}_prometheus-data").remove()


def data(prometheus: httpx.Client, path: str, **parameters: str) -> Any:
    """The data of an API answer."""
    return prometheus.get(path, params=parameters).raise_for_status().json()["data"]


def test_every_target_is_up_and_an_image_is_counted(
    project: Project, prometheus: httpx.Client, http: httpx.Client
) -> None:
    def health() -> dict[str, str]:
        return {target["labels"]["job"]: target["health"] for target in data(prometheus, "targets")["activeTargets"]}

    everything = dict.fromkeys(("gateway", "bridge", "classifier", "prometheus"), "up")
    eventually(lambda: health() == everything, 60, "every target to be up")
    rules = [rule for group in data(prometheus, "rules")["groups"] for rule in group["rules"]]
    assert [rule["name"] for rule in rules] == [rule["alert"] for rule in alerts()]

    classify_photo(http)
    for query in (
        'sightline_gateway_view_outcomes_total{status="classified"} > 0',
        "sightline_classifier_images_total > 0",
        "sightline_classifier_kafka_up == 1 and sightline_classifier_lag_records == 0",
    ):
        eventually(lambda asked=query: data(prometheus, "query", query=asked)["result"], 60, query)  # type: ignore[misc]
    assert data(prometheus, "query", query='ALERTS{severity="critical",alertstate="firing"}')["result"] == []
