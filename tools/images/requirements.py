"""What each container image installs: the part of requirements/lock.txt that its package needs, hashes and all.

What needs what is read from the packages installed in this environment, which come from the same lock.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "requirements" / "lock.txt"
FOLDER: Final = ROOT / "requirements" / "images"
_OURS: Final = "sightline-"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==.*(?:\n[ \t]+.*)*", re.MULTILINE)

# BigDL and Spark have a file, and so a layer, of their own: 450 MB that change once in years.
_SPARK: Final = ("bigdl-core", "bigdl-dllib-spark3", "numpy", "pyspark", "six")
# Builds the packages' wheels and Spark's, which is published as source; stays in the build stage.
_BUILD: Final = ("hatchling", "setuptools")
# BigDL names it for packing environments for YARN; nothing here imports it, and it would bring setuptools along.
_UNUSED: Final = {"conda-pack"}
_DEMO: Final = ("sightline-bridge", "httpx")
# Holds the demo's photos and digits; stays in the build stage.
_SAMPLES: Final = ("scikit-learn",)
_SERVICES: Final = {"gateway": "sightline-gateway", "bridge": "sightline-bridge", "topics": "sightline-topics"}


def image_requirements() -> dict[Path, str]:
    """The text of each file in requirements/images, by path.

    Raises:
        KeyError: a package that an image needs is not in the lock.
    """
    pins = {str(canonicalize_name(match[1])): match[0] for match in _PIN.finditer(LOCK.read_text(encoding="utf-8"))}
    spark = closure(_SPARK)
    names = {image: closure([package]) for image, package in _SERVICES.items()}
    names |= {"demo": closure(_DEMO), "samples": closure(_SAMPLES)}
    names |= {"build": closure(_BUILD), "spark": spark, "classifier": closure(["sightline-spark"]) - spark}
    return {FOLDER / f"{image}.txt": _file(pins, wanted) for image, wanted in names.items()}


def closure(packages: Iterable[str]) -> set[str]:
    """Names of `packages` and of all they need, transitively, without our own packages and what is never used."""
    waiting, found = [Requirement(package) for package in packages], set[tuple[str, str]]()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if name not in _UNUSED and (name, extra) not in found:
                found.add((name, extra))
                waiting += _needs(name, extra)
    return {name for name, _ in found if not name.startswith(_OURS)}


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    for line in requires(name) or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            yield needed


def _file(pins: Mapping[str, str], names: set[str]) -> str:
    head = "# Written by `make gen` from requirements/lock.txt and what the package needs.\n"
    return head + "".join(f"{pins[name]}\n" for name in sorted(names))
