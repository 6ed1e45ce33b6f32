"""What is in the images, and what must not be."""

import json
import re
from typing import Any

import docker
import pytest

from tests.docker.conftest import IMAGES
from tests.docker.project import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

EVERY_IMAGE = pytest.mark.parametrize("image", sorted(IMAGES))
# Compilers, package installers, and programs that fetch.
UNWANTED = ("gcc", "cc", "g++", "clang", "make", "javac", "jshell", "mvn", "pip", "pip3", "uv", "git", "curl", "wget")


def inside(engine: docker.DockerClient, image: str, script: str, *, read_only: bool = True) -> str:
    """What a shell script prints in a container of the image, by default confined as the composition does it."""
    printed = engine.containers.run(
        IMAGES[image],
        entrypoint=["bash", "-c", script],
        remove=True,
        read_only=read_only,
        cap_drop=["ALL"],
        network_mode="none",
        tmpfs={"/tmp": "mode=1777"},
        security_opt=["no-new-privileges:true"],
    )
    return str(printed.decode())


@EVERY_IMAGE
def test_it_runs_as_nobody_in_particular(engine: docker.DockerClient, image: str) -> None:
    assert engine.images.get(IMAGES[image]).attrs["Config"]["User"] == "10001:10001"
    assert inside(engine, image, "id -u; id -g; touch /opt/sightline/x 2>/dev/null || echo refused").split() == [
        "10001",
        "10001",
        "refused",
    ]


@EVERY_IMAGE
def test_its_code_belongs_to_somebody_else(engine: docker.DockerClient, image: str) -> None:
    """A read-only root is a switch that somebody may forget; who owns a file is not."""
    writable = "find /opt /usr /etc -xdev -writable ! -type l 2>/dev/null || true"
    assert inside(engine, image, writable, read_only=False) == ""


@EVERY_IMAGE
def test_it_has_no_tools_for_an_intruder(engine: docker.DockerClient, image: str) -> None:
    assert inside(engine, image, f"command -v {' '.join(UNWANTED)} || true") == ""
    assert inside(engine, image, "python -c 'import pip' 2>/dev/null && echo found || true") == ""


@EVERY_IMAGE
def test_no_program_runs_as_somebody_else(engine: docker.DockerClient, image: str) -> None:
    assert inside(engine, image, "find / -xdev -type f -perm /6000 2>/dev/null || true") == ""


@EVERY_IMAGE
def test_its_labels_say_what_it_is(engine: docker.DockerClient, image: str) -> None:
    labels = engine.images.get(IMAGES[image]).labels
    told = {name.rpartition(".")[2]: value for name, value in labels.items() if "opencontainers" in name}
    assert told["title"] == f"sightline/{image}"
    assert told["licenses"] == "Apache-2.0"
    assert told["version"] == IMAGES[image].rpartition(":")[2]
    assert told["description"]
    assert told["revision"]


@EVERY_IMAGE
def test_its_bill_of_materials_names_what_is_installed(engine: docker.DockerClient, image: str) -> None:
    bill: dict[str, Any] = json.loads(inside(engine, image, "cat /opt/sightline/sbom.json"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == f"sightline/{image}"
    installed = inside(
        engine,
        image,
        "python -c 'import importlib.metadata as m\nfor d in m.distributions(): print(d.name, d.version)'",
    )
    named = {(component["name"], component["version"]) for component in bill["components"]}
    assert {tuple(line.split()) for line in installed.splitlines()} <= named
    assert any(component.get("purl", "").startswith("pkg:deb/") for component in bill["components"])


def test_the_classifiers_bill_looks_into_jars_and_models(engine: docker.DockerClient) -> None:
    bill: dict[str, Any] = json.loads(inside(engine, "classifier", "cat /opt/sightline/sbom.json"))
    parts = {component["name"]: component for component in bill["components"]}
    assert parts["openjdk"]["version"].startswith("17.")
    assert parts["spark-core_2.12"]["purl"] == "pkg:maven/org.apache.spark/spark-core_2.12@3.5.7"
    assert parts["efficientnet-lite0"]["type"] == "machine-learning-model"
    fat = next(part for name, part in parts.items() if name.startswith("bigdl-dllib-spark_"))
    assert "log4j-core" in {library["name"] for library in fat["components"]}


def test_what_moves_rarely_lies_below_what_moves_daily(engine: docker.DockerClient) -> None:
    """A new version of our code must not make anybody fetch Spark and BigDL again."""
    sizes = [layer["Size"] for layer in engine.images.get(IMAGES["classifier"]).history()]  # newest first
    spark = max(range(len(sizes)), key=sizes.__getitem__)
    assert sizes[spark] > 400e6
    models = next(place for place, size in enumerate(sizes) if size > 10e6)
    assert models < spark
    assert sum(sizes[:models]) < 5e6


@EVERY_IMAGE
def test_it_is_no_larger_than_it_says_in_the_docs(engine: docker.DockerClient, image: str) -> None:
    text = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    base = re.search(r"^The base is `(.+)`", text, re.MULTILINE)
    said = re.search(rf"^\| `sightline/{image}` \| (\d+) MB on the base \|", text, re.MULTILINE)
    assert base
    assert said
    size = engine.images.get(IMAGES[image]).attrs["Size"]
    added = (size - engine.images.get(base[1]).attrs["Size"]) / 1e6
    print(f"FIGURE image-{image} {size / 1e6:.0f} MB, {added:.1f} MB on the base")  # noqa: T201
    assert added <= 1.1 * int(said[1])
