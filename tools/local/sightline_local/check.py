"""What must be installed before anything else can run: Python 3.11 with venv, a JDK 17, Maven.

`make` runs this file with the system's Python before there is an environment, so it imports the standard library only.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = (3, 11)
JAVA = 17
INSTALL_JAVA = "install a JDK 17 (Debian 12: apt-get install openjdk-17-jdk-headless)"
INSTALL_MAVEN = "install it (Debian: apt-get install maven)"


def find_java() -> str | None:
    """Path of the `java` to run: the one of JAVA_HOME, else the first on PATH, else None."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return str(Path(home) / "bin" / "java")
    return shutil.which("java")


def find_maven() -> str | None:
    """Path of `mvn`, else None."""
    return shutil.which("mvn")


def missing_prerequisites() -> list[str]:
    """One line for each thing that is not there, saying what to install; empty when all is well."""
    return [line for line in (_python(), _venv(), _java(), _compiler(), _maven()) if line]


def _python() -> str | None:
    if sys.version_info[:2] == PYTHON:
        return None
    found = ".".join(str(part) for part in sys.version_info[:2])
    return (
        f"Python 3.11 is missing (python3 is {found}): install it (Debian 12: apt-get install python3), "
        "or name it: make PYTHON=/path/to/python3.11"
    )


def _venv() -> str | None:
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return None
    return "Python's venv module is missing: install it (Debian: apt-get install python3-venv)"


def _java() -> str | None:
    java = find_java()
    if java is None:
        return f"Java is missing: {INSTALL_JAVA}"
    major = java_major(java)
    if major == JAVA:
        return None
    return f"{java} is Java {major or 'of an unknown version'}, not {JAVA}: {INSTALL_JAVA} and set JAVA_HOME to it"


def _compiler() -> str | None:
    java = find_java()
    if java is None or (Path(java).resolve().parent / "javac").is_file() or shutil.which("javac"):
        return None
    return f"javac is missing (a JRE is not enough): {INSTALL_JAVA}"


def _maven() -> str | None:
    if find_maven():
        return None
    return f"Maven is missing: {INSTALL_MAVEN}"


def java_major(java: str) -> int | None:
    """Major version that `java` reports (17 for 17.0.15), None when it reports none."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    found = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return int(found[1]) if found else None


if __name__ == "__main__":
    problems = missing_prerequisites()
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    sys.exit(1 if problems else 0)
