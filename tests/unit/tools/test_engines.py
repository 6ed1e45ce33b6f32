"""The scripts in tools/engines, with programs that only write down how they were called."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.process

UNAVAILABLE: Final = 69  # common.sh
ENGINES: Final = Path(__file__).resolve().parents[3] / "tools" / "engines"
KUBERNETES: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")


def program(folder: Path, name: str, text: str = "") -> None:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A machine with systemd whose Docker engine answers when systemd has started it."""
    programs = tmp_path / "bin"
    program(programs, "docker", f"test -e {tmp_path}/runs && echo 1.0")
    program(
        programs,
        "systemctl",
        f'echo "$@" >>{tmp_path}/calls; case $1 in start) touch {tmp_path}/runs;; stop) rm -f {tmp_path}/runs;; esac',
    )
    program(programs, "dockerd")
    program(programs, "iptables")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def docker_engine(engine: Path, command: str) -> None:
    """Run the script on that machine."""
    path = f"{engine / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [ENGINES / "docker-engine.sh", command],
        env={**os.environ, "PATH": path, "SIGHTLINE_DOCKER_ROOT": str(engine)},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr


def test_an_engine_that_systemd_started_for_us_is_stopped(engine: Path) -> None:
    """`down` looked for a process of its own and left it."""
    docker_engine(engine, "up")
    assert (engine / "runs").exists()
    docker_engine(engine, "down")
    assert not (engine / "runs").exists()


def test_an_engine_that_was_there_stays(engine: Path) -> None:
    (engine / "runs").touch()
    docker_engine(engine, "up")
    docker_engine(engine, "down")
    assert (engine / "runs").exists()
    assert not (engine / "calls").exists()


@pytest.mark.parametrize(
    ("there", "built"),
    [
        ((*KUBERNETES, "coredns", "pause"), ""),
        ((*KUBERNETES, "pause"), "coredns"),
        (("kubectl", "coredns", "pause"), "kubernetes"),
        (KUBERNETES, "coredns pause"),
        ((), "kubernetes coredns pause"),
    ],
)
def test_an_interrupted_build_of_kubernetes_is_made_up_for(tmp_path: Path, there: tuple[str, ...], built: str) -> None:
    """With kubectl there, whatever else was missing was never built."""
    for name in there:
        program(tmp_path / "bin", name)
    script = """
        set -euo pipefail
        . "$0/common.sh"; . "$0/kubernetes/build.sh"
        VERSION=v1 COREDNS_VERSION=v1
        say() { :; }
        go_begin() { :; }
        for part in kubernetes coredns pause; do eval "build_$part() { printf '%s ' $part; }"; done
        build
    """
    done = subprocess.run(
        ["bash", "-c", script, ENGINES],
        env={**os.environ, "BIN": str(tmp_path / "bin")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == built
