"""Resolves the Kafka broker's jars into the user's cache."""

import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from sightline_local.check import INSTALL_MAVEN, find_maven
from sightline_local.errors import LocalError

KAFKA_PROJECT = Path(__file__).resolve().parents[1] / "broker"

# A first download of 45 MB over a slow line; beyond this Maven is stuck, not slow.
MAVEN_DEADLINE_S = 600.0


def cache_root() -> Path:
    """Folder for what is downloaded once per user; outside the clone, so that a fresh clone finds it again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sightline"


def kafka_jars() -> Path:
    """Folder holding the broker's jars; resolved through Maven the first time and whenever the folder is gone.

    Raises LocalError when Maven is missing or cannot resolve them.
    """
    pom = (KAFKA_PROJECT / "pom.xml").read_bytes()
    found = re.search(rb"<kafka\.version>([\w.-]+)</kafka\.version>", pom)
    if found is None:
        raise LocalError(f"{KAFKA_PROJECT / 'pom.xml'} names no kafka.version")
    target = cache_root() / f"kafka-{found[1].decode()}-{hashlib.sha256(pom).hexdigest()[:12]}"
    if not target.is_dir():
        _resolve(target)
    return target


def _resolve(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka-", dir=target.parent) as scratch:
        jars = Path(scratch) / "jars"
        _copy_dependencies(jars)
        try:
            # Whole or absent: an interrupted download must not look like a broker, and two runs may race.
            jars.rename(target)
        except OSError:
            if not target.is_dir():
                raise


def _copy_dependencies(folder: Path) -> None:
    maven = find_maven()
    if maven is None:
        raise LocalError(f"Maven is missing: {INSTALL_MAVEN}")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            [maven, "-q", "-B", "-f", str(KAFKA_PROJECT / "pom.xml"), *goal],
            capture_output=True,
            text=True,
            timeout=MAVEN_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise LocalError(f"Maven did not resolve Kafka within {MAVEN_DEADLINE_S:.0f} s: check the network") from late
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise LocalError(f"Maven could not resolve Kafka; check the network, then try again:\n{tail}")
