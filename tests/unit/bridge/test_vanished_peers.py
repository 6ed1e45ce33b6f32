"""A sender whose cable is pulled is never heard of again, not even by the kernel: its place must become free."""

import json
import shutil
import socket
import subprocess
import sys
from typing import Any

import pytest

from sightline_bridge.sources.socket_stream import KEEP_ALIVE
from tests.unit.bridge.vanishing import SOON_S

pytestmark = pytest.mark.process

_NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")
_TOOLS = ("unshare", "ip", "iptables")


def vanish(case: str) -> dict[str, Any]:
    """What tests.unit.bridge.vanishing saw."""
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"needs {', '.join(missing)}")
    if subprocess.run([*_NAMESPACE, "iptables", "-L"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no network namespace, or no packet filter in it")
    command = [*_NAMESPACE, sys.executable, "-m", "tests.unit.bridge.vanishing", case]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    seen: dict[str, Any] = json.loads(finished.stdout)
    return seen


@pytest.mark.parametrize(("case", "end", "truncated"), [("idle", "idle-timeout", 0), ("frame", "frame-timeout", 1)])
def test_a_peer_that_vanished_is_closed_after_its_deadline(case: str, end: str, truncated: int) -> None:
    seen = vanish(case)
    assert seen["ends"] == [end]
    assert seen["seconds"] >= SOON_S
    assert seen["truncated"] == truncated


def test_a_peer_that_vanished_is_found_by_probes_where_no_deadline_runs() -> None:
    seen = vanish("keep-alive")
    assert seen["ends"] == ["reset"]
    assert seen["seconds"] > SOON_S


def test_an_acknowledged_sender_that_vanished_is_found_by_the_answer_that_nobody_confirms() -> None:
    """While bytes are unconfirmed the kernel sends no probes, and tries to bring them for a quarter of an hour."""
    seen = vanish("ack")
    assert seen["ends"] == ["reset"]
    assert seen["seconds"] > SOON_S


def test_probes_find_a_vanished_peer_before_the_idle_timeout_does() -> None:
    options = dict(KEEP_ALIVE)
    silence, between, count = (
        options[option] for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    assert silence + between * count <= 60
