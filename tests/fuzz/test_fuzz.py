"""The fuzzer, for a moment: it runs, every target holds, and it finds what is there to be found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.__main__ import AS_A_CHILD_OF_A_SHELL, fuzz_target
from tests.fuzz.seeds import examples
from tests.fuzz.targets import TARGETS, cut_nowhere, reads_alike
from tests.unit.bridge.wire import BYTE_STREAMS, ByteStream, Parsed

ROOT = Path(__file__).parents[2]
SECONDS = 60  # for a busy machine
RUNS = 2000

pytestmark = pytest.mark.process


def test_every_stream_is_a_target() -> None:
    assert {stream.name for stream in BYTE_STREAMS} <= set(TARGETS)


def test_the_examples_of_the_page_are_seeds() -> None:
    seeds = list(examples())
    assert b"\0\0\0\x06GIF89a" * 2 in seeds
    assert bytes.fromhex("ff d8 ff e1 00 06 ff d8 ff d9") in seeds


@pytest.mark.parametrize(
    "target", ["fixed28", "named", "length-small", "jpeg-small", "lines-small", "ack", "datagrams"]
)
def test_a_target_holds(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="no wheel of atheris for this machine")
    outcome = fuzz_target(target, SECONDS, tmp_path, RUNS)
    assert outcome.ok, outcome.log
    assert outcome.runs >= RUNS


def test_memory_of_who_starts_the_fuzzer_is_not_held_against_a_target(tmp_path: Path) -> None:
    """After all other tests of a run, every target was out of memory before its first input."""
    pytest.importorskip("atheris", reason="no wheel of atheris for this machine")
    taken = b"x" * (600 << 20)
    outcome = fuzz_target("length", SECONDS, tmp_path, RUNS)
    assert outcome.ok, outcome.log
    assert taken


def test_a_fault_behind_three_bytes_is_found(tmp_path: Path) -> None:
    """Without guidance by coverage it would take 16 million inputs."""
    pytest.importorskip("atheris", reason="no wheel of atheris for this machine")
    (tmp_path / "faulty.py").write_text(FAULTY, encoding="utf-8")
    fuzzer = [sys.executable, str(tmp_path / "faulty.py"), "-max_total_time=60", f"-artifact_prefix={tmp_path}/"]
    command = [*AS_A_CHILD_OF_A_SHELL, *fuzzer]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "three bytes were right" in done.stdout + done.stderr
    assert list(tmp_path.glob("crash-*"))


FAULTY = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import atheris
from tests.fuzz.one import fuzz

@atheris.instrument_func
def faulty(data):
    if data[:1] == b"l":
        if data[1:2] == b"e":
            if data[2:3] == b"d":
                raise ValueError("three bytes were right")

fuzz(faulty, sys.argv[1:])
"""


def test_a_stream_that_depends_on_its_cuts_is_a_fault() -> None:
    counting = ByteStream(
        "counting", BYTE_STREAMS[0].items, lambda item: item, lambda chunks: Parsed(list(chunks), None)
    )
    reads_alike(counting, cut_nowhere(b"whole"))
    with pytest.raises(AssertionError, match="and cut at"):
        reads_alike(counting, b"\x01\0\x02whole")


def test_a_stream_that_does_not_read_what_it_wrote_is_a_fault() -> None:
    shouting = ByteStream(
        "shouting", BYTE_STREAMS[0].items, bytes.upper, lambda chunks: Parsed([b"".join(chunks)], None)
    )
    with pytest.raises(AssertionError, match="read again"):
        reads_alike(shouting, cut_nowhere(b"whole"))
