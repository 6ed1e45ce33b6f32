"""The compose files and Dockerfiles name only settings that exist, and do not drift apart."""

import re
from pathlib import Path

import pytest
import yaml

from sightline_bridge.settings import BridgeSettings
from sightline_common.settings import PREFIX
from sightline_gateway.settings import MIB, GatewaySettings
from sightline_spark.settings import ClassifierSettings
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


def test_limits_hold_what_the_processes_need() -> None:
    """The formulas of docs/operations.md, which three other places used to contradict."""
    gateway, bridge = GatewaySettings.model_fields, BridgeSettings.model_fields
    gib = 1024 * MIB
    heap = ClassifierSettings.model_fields["classifier_driver_memory"].default
    needs = {
        "gateway": 2 * gateway["gateway_in_flight_bytes"].default + 200 * MIB,
        "bridge": bridge["bridge_buffer_bytes"].default
        + 0.75 * MIB * bridge["bridge_max_connections"].default
        + 300 * MIB,
        "classifier": int(heap.removesuffix("g")) * gib + 2 * gib,
    }
    in_memory = {"classifier": 300 * MIB}  # /tmp
    services = yaml.safe_load(COMPOSE[0].read_text(encoding="utf-8"))["services"]
    values = yaml.safe_load((ROOT / "charts/sightline/values.yaml").read_text(encoding="utf-8"))
    units = {"m": MIB, "g": gib, "Mi": MIB, "Gi": gib}
    for name, need in needs.items():
        for limit, more in (
            (services[name]["deploy"]["resources"]["limits"]["memory"], in_memory.get(name, 0)),
            (values[name]["resources"]["limits"]["memory"], 0),
        ):
            number, unit = re.fullmatch(r"(\d+)(\w+)", limit).groups()  # type: ignore[union-attr]
            assert int(number) * units[unit] >= need + more, f"{name}: {limit}"


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
