"""The lock on the checkpoint directory."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sightline_spark.checkpoint import Checkpoint
from sightline_spark.errors import ClassifierError
from sightline_spark.progress import Progress


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


def test_a_position_in_a_topic_that_was_made_anew_is_refused(tmp_path: Path) -> None:
    """Spark goes by the topic's name: once the new topic was longer than the old position, it skipped its beginning."""
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.claim_topic("images", "first")
        checkpoint.claim_topic("images", "second")  # nothing was saved yet, so nothing is skipped
        (tmp_path / "commits").mkdir()
        (tmp_path / "commits" / "12").write_text("v1\n{}")
        checkpoint.claim_topic("images", "second")
        with pytest.raises(ClassifierError, match=r"topic images was deleted and made anew since .* delete the checkp"):
            checkpoint.claim_topic("images", "third")
        with pytest.raises(ClassifierError, match="made anew"):  # at each further start too
            checkpoint.claim_topic("images", "third")


def test_a_topic_id_that_a_kill_left_empty_is_unknown(tmp_path: Path) -> None:
    """It was written in place at every start: killed in between, the next start spoke of a topic made anew."""
    (tmp_path / "commits").mkdir()
    (tmp_path / "commits" / "12").write_text("v1\n{}")
    (tmp_path / "topic-id").touch()
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.claim_topic("images", "first")
        assert (tmp_path / "topic-id").read_text() == "first\n"
        with pytest.raises(ClassifierError, match="made anew"):
            checkpoint.claim_topic("images", "second")


def test_a_known_topic_id_is_not_written_again(tmp_path: Path) -> None:
    """What is not written cannot be torn."""
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.claim_topic("images", "first")
        before = (tmp_path / "topic-id").stat()
        checkpoint.claim_topic("images", "first")
        after = (tmp_path / "topic-id").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert not (tmp_path / "topic-id.new").exists()


def test_a_topic_id_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "topic-id").mkdir()
    with Checkpoint(tmp_path) as checkpoint, pytest.raises(ClassifierError, match="cannot be used: Is a directory"):
        checkpoint.claim_topic("images", "first")


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
        assert driver.wait(60) == 0
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.5)
        assert driver.stdin is not None
        driver.stdin.close()
        waiting.join(60)
    assert entered.is_set()


def test_tells_the_saved_position_and_when_it_was_saved(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    assert (checkpoint.position("images"), checkpoint.saved_at) == ({}, 0)
    for batch, end in ((9, 17), (10, 21)):
        for log, text in (("offsets", f'v1\n{{}}\n{{"images":{{"0":{end},"1":4}}}}'), ("commits", "v1\n{}")):
            (tmp_path / log).mkdir(exist_ok=True)
            (tmp_path / log / str(batch)).write_text(text)
    (tmp_path / "offsets" / "11").write_text('v1\n{}\n{"images":{"0":99,"1":4}}')  # begun, not ended
    os.utime(tmp_path / "commits" / "9", (1_000, 1_000))
    os.utime(tmp_path / "commits" / "10", (2_000, 2_000))

    assert checkpoint.position("images") == {0: 21, 1: 4}
    assert checkpoint.position("others") == {}
    report = checkpoint.report("images")
    assert report is not None
    assert Progress.parse(report) == Progress(batch=10, offsets={0: 21, 1: 4}, rows=0, batch_ms=None)
    assert checkpoint.saved_at == 2_000


def test_a_position_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    for log, text in (("offsets", "v1\n"), ("commits", "v1\n{}")):
        (tmp_path / log).mkdir()
        (tmp_path / log / "0").write_text(text)

    assert Checkpoint(tmp_path).position("images") == {}
