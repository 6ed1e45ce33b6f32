"""What a process of the same user can read of the gateway."""

import subprocess
import sys
from pathlib import Path

import pytest

# A parent as the gateway is, and a child as the process is that makes thumbnails, without root's rights. Giving them
# up conceals a process, too: the parent becomes an ordinary one again (4, 1) before it is asked to conceal itself.
PEEK = """
import ctypes, os, sys
from sightline_gateway.concealment import conceal_process
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
assert ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0
if sys.argv[1] == "concealed":
    conceal_process()
if os.fork() == 0:
    for name in ("environ", "mem"):
        try:
            with open(f"/proc/{os.getppid()}/{name}", "rb") as file:
                found = name == "mem" or b"hidden-from-decoders" in file.read()
            print(name, "read" if found else "empty")
        except PermissionError:
            print(name, "denied")
    sys.stdout.flush()
    os._exit(0)
os.wait()
print("own files", len(os.listdir("/proc/self/fd")) > 2)
"""
START = """
import ctypes
import sightline_gateway.__main__ as gateway
async def run(settings):
    print("dumpable:", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
gateway.run = run
gateway.main()
"""
pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")]


def peek(how: str) -> str:
    """What the child could read."""
    environment = {"SIGHTLINE_KAFKA_PASSWORD": "hidden-from-decoders"}
    done = subprocess.run(
        [sys.executable, "-c", PEEK, how], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_child_reads_neither_the_environment_nor_the_memory() -> None:
    """The worker gets no environment, but its parent's was one file away: /proc/PPID/environ."""
    assert peek("ordinary").startswith("environ read\n")
    concealed = peek("concealed")
    assert concealed.startswith("environ denied\nmem denied\n")
    assert concealed.endswith("own files True\n")  # metrics count them


def test_the_gateway_conceals_itself_before_it_serves(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "dumpable: 0\n"
