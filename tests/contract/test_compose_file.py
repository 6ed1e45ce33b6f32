"""The compose files and Dockerfiles name only settings that exist, and do not drift apart."""

import re
from pathlib import Path

import pytest

from sightline_common.settings import PREFIX
from tools.generate import ROOT, SECTIONS

FIELDS = {f"{PREFIX}{name.upper()}" for kind in SECTIONS.values() for name in kind.model_fields}
COMPOSE = [ROOT / "docker-compose.yml", *sorted((ROOT / "deploy" / "compose").iterdir())]
DOCKERFILES = [
    ROOT / folder / "Dockerfile"
    for folder in ("gateway", "spark-app", "services/bridge", "services/topics", "tools/demo")
]


@pytest.mark.parametrize("path", [*COMPOSE, *DOCKERFILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]+\b", path.read_text(encoding="utf-8")))
    assert named <= FIELDS


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_default_is_the_settings_own(path: Path) -> None:
    """`${SIGHTLINE_GATEWAY_PORT:-8080}` repeats a default; the one in the settings class may move."""
    defaults = {
        f"{PREFIX}{name.upper()}": field.default
        for kind in SECTIONS.values()
        for name, field in kind.model_fields.items()
    }
    for name, default in re.findall(rf"\$\{{({PREFIX}[A-Z0-9_]+):-([^}}]*)\}}", path.read_text(encoding="utf-8")):
        expected = defaults[name]
        assert default == ("" if expected is None else str(expected)), name


def test_the_dockerfiles_begin_alike() -> None:
    """The first stages are one text, so that they are built and kept once, and hardened alike."""
    begins = set()
    for path in DOCKERFILES:
        text = path.read_text(encoding="utf-8")
        begin = text[text.index("ARG PYTHON_IMAGE=") :]
        begins.add(begin[: begin.index("\nFROM ", begin.index(" AS base\n"))])
    assert len(begins) == 1


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_legacy_builder_can_read_it(path: Path) -> None:
    """It knows no mounts, no here-documents and no other syntax, and fetches nothing of its own."""
    assert not re.search(r"^# ?syntax=|^RUN --mount|<<", path.read_text(encoding="utf-8"), re.MULTILINE)
