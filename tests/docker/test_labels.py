"""Pictures in over HTTP and TCP, labels out, as soon as `up --wait` returns."""

import json
from uuid import uuid4

import httpx
import pytest

from sightline_bridge.framing import FRAMINGS
from sightline_bridge.sender import send_frames
from sightline_local.samples import digit
from tests.docker.project import FirstStart, Project, classify_photo
from tests.e2e.system import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

FIRST_LABEL_GOAL_S = 90
FIRST_LABEL_LIMIT_S = 2 * FIRST_LABEL_GOAL_S  # the goal is for a machine that does nothing else
# Beginnings of the warnings that belong to a fresh start.
EXPECTED = {"classifier": ("NO CHECKPOINT in ",)}


def test_the_first_label_comes_soon_after_up(first_start: FirstStart) -> None:
    seconds = first_start.seconds
    print(f"FIGURE compose-first-label {seconds:.1f} s goal <= {FIRST_LABEL_GOAL_S}")  # noqa: T201
    assert seconds <= FIRST_LABEL_LIMIT_S


def test_a_photo_over_http_gets_its_label(http: httpx.Client) -> None:
    result = classify_photo(http)
    assert result["model"]["name"] == "efficientnet-lite0"
    assert result["predictions"][0]["label"] == "palace"
    assert result["source"] == "http"


def test_a_frame_over_tcp_gets_its_label(project: Project, http: httpx.Client) -> None:
    name = f"tcp-{uuid4().hex[:20]}"
    assert send_frames(project.bridge, [(name, digit(42).data)], FRAMINGS["fixed28"]).frames == 1
    shown = eventually(
        lambda: [image for image in http.get("/v1/images").json()["images"] if image["name"] == name], 60, "a result"
    )
    assert shown[0]["source"] == "tcp"
    assert shown[0]["predictions"][0]["label"] == digit(42).name.split("-")[1]


def test_the_gateway_tells_of_both_models(http: httpx.Client) -> None:
    """It never runs them, so its image holds their cards alone."""
    models = http.get("/v1/models").json()["models"]
    assert {(model["name"], model["labels"]) for model in models} == {
        ("digits-lenet", 10),
        ("efficientnet-lite0", 1000),
    }


def test_every_container_is_confined(project: Project) -> None:
    """What the composition says, the engine has done: nothing to write to but its own folders, no rights to gain."""
    for service in ("kafka", "topics", "gateway", "classifier", "bridge"):
        host = project.container(service).attrs["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        bound = {binding["HostIp"] for bindings in (host["PortBindings"] or {}).values() for binding in bindings}
        assert bound <= {"127.0.0.1"}, service


def test_nothing_is_logged_as_a_fault(first_start: FirstStart) -> None:
    """A quiet start: a traceback of a probe or a warning of every micro-batch would hide the one that matters."""
    for service, text in first_start.logs.items():
        assert "Traceback" not in text, service
        lines = [json.loads(line) for line in text.splitlines()]
        assert lines, service
        faults = [line for line in lines if line["level"] not in {"DEBUG", "INFO"}]
        assert [line for line in faults if not line["message"].startswith(EXPECTED.get(service, ()))] == [], service
