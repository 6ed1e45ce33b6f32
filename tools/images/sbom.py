"""Prints what is in the image it runs in as a CycloneDX 1.6 document: Debian packages, Python packages, jars, models.

`python sbom.py NAME VERSION >sbom.json`. Runs in a build stage on the image's own Python, so it needs nothing beside
the standard library. The same contents give the same bytes: no time and no serial number are in it.
"""

import hashlib
import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

Component = dict[str, Any]

ROOT: Final = Path("/opt/sightline")
_DPKG_STATUS: Final = Path("/var/lib/dpkg/status")
_POM: Final = re.compile(r"META-INF/maven/([^/]+)/([^/]+)/pom\.properties")
_JAR_NAME: Final = re.compile(r"(?P<name>.+?)-(?P<version>[0-9][^/]*)\.jar")


def document(name: str, version: str) -> dict[str, Any]:
    """The whole document about the image `name`."""
    found = [*runtimes(), *debian_packages(), *python_packages(), *jars(), *models()]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name, "version": version}},
        "components": sorted(found, key=lambda component: (component["type"], component["name"], component["version"])),
    }


def runtimes() -> Iterator[Component]:
    """Python, and Java where there is one."""
    yield _component("platform", "python", platform.python_version(), purl="pkg:generic/python")
    release = Path(os.environ.get("JAVA_HOME", "/nonexistent"), "release")
    if release.exists():
        told = dict(re.findall(r'^(\w+)="(.*)"$', release.read_text(encoding="utf-8"), re.MULTILINE))
        yield _component("platform", "openjdk", told["JAVA_VERSION"], purl="pkg:generic/openjdk")


def debian_packages() -> Iterator[Component]:
    """What dpkg says is installed."""
    for paragraph in _DPKG_STATUS.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            component = _component("library", name, version, purl=f"pkg:deb/debian/{name}")
            component["purl"] += f"?arch={fields['Architecture']}"
            yield component


def python_packages() -> Iterator[Component]:
    """What is installed in the environment of our services."""
    folders = [str(folder) for folder in ROOT.glob("venv/lib/python3.*/site-packages")]
    for found in distributions(path=folders):
        name = re.sub(r"[-_.]+", "-", found.name).lower()
        component = _component("library", found.name, found.version, purl=f"pkg:pypi/{name}")
        told = [found.metadata[field] for field in ("License-Expression", "License") if field in found.metadata]
        if told and len(told[0]) < 100:  # some packages put the whole text there
            component["licenses"] = [{"license": {"name": told[0]}}]
        yield component


def jars() -> Iterator[Component]:
    """Every jar, with its hash, and inside it the libraries that say of themselves that they are in it."""
    for path in sorted(ROOT.rglob("*.jar")):
        with zipfile.ZipFile(path) as archive:
            inside = [_maven(archive, entry) for entry in archive.namelist() if _POM.fullmatch(entry)]
        named = _JAR_NAME.fullmatch(path.name)
        name, version = (named["name"], named["version"]) if named else (path.stem, "unknown")
        own = next((library for library in inside if library["name"] == name), None)
        component = own or _component("library", name, version)
        component["hashes"] = [_sha256(path)]
        component["properties"] = [{"name": "sightline:path", "value": str(path)}]
        component["components"] = [library for library in inside if library is not own]
        yield component


def models() -> Iterator[Component]:
    """The model bundles; each file's hash is in the bundle's card, which is hashed here."""
    for card in sorted(ROOT.glob("models/*/*/model.json")):
        told = json.loads(card.read_bytes())
        component = _component("machine-learning-model", told["name"], told["version"])
        component["licenses"] = [{"license": {"name": told["licence"]}}]
        component["description"] = told["origin"]
        component["hashes"] = [_sha256(card)]
        yield component


def _maven(archive: zipfile.ZipFile, entry: str) -> Component:
    told = dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", archive.read(entry).decode(), re.MULTILINE))
    group, name = told["groupId"], told["artifactId"]
    return _component("library", name, told["version"], purl=f"pkg:maven/{group}/{name}")


def _component(kind: str, name: str, version: str, *, purl: str | None = None) -> Component:
    component = {"type": kind, "name": name, "version": version}
    return component | ({"purl": f"{purl}@{quote(version, safe='')}"} if purl else {})


def _sha256(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"alg": "SHA-256", "content": hashlib.file_digest(file, "sha256").hexdigest()}


if __name__ == "__main__":
    json.dump(document(*sys.argv[1:]), sys.stdout, indent=1)
    sys.stdout.write("\n")
