"""`down` keeps what was stored, `down -v` drops it."""

import httpx
import pytest

from tests.docker.project import Project, classify_photo
from tests.e2e.system import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


def test_down_keeps_results_and_down_v_drops_them(project: Project) -> None:
    with project.http() as http:
        kept = classify_photo(http)
    project.compose("down")
    assert containers(project) == []
    project.compose("up", "--wait", "--no-build")
    with project.http() as http:
        assert shown(http, kept["id"]) == kept
        assert len(classify_photo(http)["predictions"]) == 5
    assert sum(result["id"] == kept["id"] for result in project.results()) == 1, "classified a second time"

    project.compose("down", "-v")
    assert project.engine.volumes.list(filters={"label": f"com.docker.compose.project={project.name}"}) == []
    project.compose("up", "--wait", "--no-build")
    assert project.results() == []
    with project.http() as http:
        assert http.get(f"/v1/images/{kept['id']}").status_code in {202, 404}
        assert http.get("/v1/images").json()["images"] == []


def containers(project: Project) -> list[str]:
    """Names of the project's containers, stopped ones too."""
    label = f"com.docker.compose.project={project.name}"
    return [container.name for container in project.engine.containers.list(all=True, filters={"label": label})]


def shown(http: httpx.Client, image_id: str) -> object:
    """The result that the gateway has for an id, once it has it."""
    answer = eventually(
        lambda: (got := http.get(f"/v1/images/{image_id}")).status_code == 200 and got, 60, "the result"
    )
    return answer.json()
