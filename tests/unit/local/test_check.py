"""Prerequisites: every miss is one line that says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

from sightline_local import check
from sightline_local.check import java_major, missing_prerequisites


def _fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
    java.chmod(0o755)
    return java


def test_an_empty_machine_gets_one_line_a_miss(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    problems = missing_prerequisites()
    assert [problem.split(" is missing")[0] for problem in problems] == ["Java", "Maven"]
    assert all("apt-get install" in problem and "\n" not in problem for problem in problems)


def test_another_java_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java = _fake_java(tmp_path, "11.0.22")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java_major(str(java)) == 11
    assert any(f"{java} is Java 11, not 17" in problem for problem in missing_prerequisites())


def test_a_jre_is_not_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine is compiled here: with a JRE alone the build would fail minutes later, and less clearly."""
    _fake_java(tmp_path, "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert any(problem.startswith("javac is missing") for problem in missing_prerequisites())


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PYTHON", (3, 99))
    assert any(problem.startswith("Python 3.11 is missing") for problem in missing_prerequisites())


def test_it_runs_as_a_file_without_any_package() -> None:
    """`make` runs it before there is an environment: -S -I leave the standard library only."""
    done = subprocess.run([sys.executable, "-S", "-I", check.__file__], capture_output=True, text=True, check=False)
    assert done.stderr == "".join(f"{problem}\n" for problem in missing_prerequisites())
