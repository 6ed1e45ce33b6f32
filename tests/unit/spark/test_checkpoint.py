"""The lock on the checkpoint directory."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sightline_spark.checkpoint import Checkpoint
from sightline_spark.errors import ClassifierError


def test_a_second_user_is_refused_until_the_first_has_left(tmp_path: Path) -> None:
    directory = tmp_path / "state" / "checkpoint"
    refused = pytest.raises(ClassifierError, match=r"another classifier \(process \d+\) uses")
    with Checkpoint(directory), refused, Checkpoint(directory):
        pass
    with Checkpoint(directory):
        pass


def test_a_stale_lock_file_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "driver.lock").write_text("123456789\n")

    with Checkpoint(tmp_path):
        assert not (tmp_path / "driver.lock").read_text().startswith("123456789")


def test_knows_whether_a_position_was_saved(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint:
        assert not checkpoint.has_position
        (tmp_path / "commits").mkdir()
        (tmp_path / "commits" / "12").write_text("v1\n{}")
        assert checkpoint.has_position


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ClassifierError, match="file/checkpoint cannot be used"),
        Checkpoint(tmp_path / "file/checkpoint"),
    ):
        pass


_DIES_AND_LEAVES_A_CHILD = """
import os, subprocess, sys
from pathlib import Path
from sightline_spark.checkpoint import Checkpoint
checkpoint = Checkpoint(Path(sys.argv[1])).__enter__()
subprocess.Popen(["cat"], pass_fds=(checkpoint.descriptor,))
os._exit(0)
"""


def test_the_jvm_of_a_killed_driver_keeps_the_lock_until_it_ends(tmp_path: Path) -> None:
    """The lock once ended with the driver alone: its JVM went on working beside the next driver's."""
    entered = threading.Event()

    def enter() -> None:
        with Checkpoint(tmp_path):
            entered.set()

    command = [sys.executable, "-c", _DIES_AND_LEAVES_A_CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as driver:
        assert driver.wait(30) == 0
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.5)
        assert driver.stdin is not None
        driver.stdin.close()
        waiting.join(20)
    assert entered.is_set()
