"""Profile demo: pictures flow by themselves, and its log shows what became of them."""

import re

import pytest

from tests.docker.project import Project
from tests.e2e.system import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


def test_the_demo_sends_photos_and_digits(project: Project) -> None:
    project.compose("--profile", "demo", "up", "--wait", "--no-build", "demo")
    try:
        eventually(lambda: re.search(r"china\.jpg +http  palace", project.logs("demo")), 90, "the palace")
        eventually(lambda: re.search(r"digit-\d-\d+\.png +tcp ", project.logs("demo")), 60, "a frame")
        labelled = eventually(
            lambda: re.findall(r"digit-(\d)-\d+\.png +http  (\d)", project.logs("demo")), 60, "a digit's label"
        )
        assert all(drawn == label for drawn, label in labelled)
    finally:
        project.compose("--profile", "demo", "rm", "--stop", "--force", "demo")
