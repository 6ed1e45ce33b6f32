"""The command as a process: killed in the middle, stopped, and gone on with."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from pyspark.sql import SparkSession

from sightline_contracts.ids import image_id_from_key
from sightline_spark.backfill.app import backfill
from sightline_spark.backfill.arguments import parse
from sightline_spark.settings import ClassifierSettings
from tests.spark.conftest import MODELS, digit_png

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]

_DEADLINE_S = 200.0


class Process:
    """`sightline-backfill`; `log` is what it says."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder / f"backfill-{time.monotonic_ns()}.log"
        environment = {
            **os.environ,
            "SIGHTLINE_MODELS_DIR": str(MODELS),
            "SIGHTLINE_CLASSIFIER_MASTER": "local[2]",
        }
        command = [sys.executable, "-m", "sightline_spark.backfill", *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)

    def until(self, true: Callable[[], bool]) -> None:
        """Return once it is so, while this runs."""
        deadline = time.monotonic() + _DEADLINE_S
        while not true():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.05)

    def end(self) -> int:
        """The exit status, once it has ended."""
        try:
            return self.process.wait(_DEADLINE_S)
        finally:
            self.process.kill()
            self.process.wait()


def test_killed_and_stopped_it_goes_on_and_each_image_comes_once(
    spark: SparkSession, settings: ClassifierSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "labels"
    photos.mkdir()
    digits = [digit_png(index)[0] for index in range(50)]
    sent = {f"{number}.png": digits[number % 50] for number in range(400)}
    for name, payload in sent.items():
        (photos / name).write_bytes(payload)
    arguments = ["folder", str(photos), "--out", str(out), "--piece", "20"]

    def kept() -> int:
        return len(list(out.glob("part-*.parquet")))

    first = Process(tmp_path, *arguments)
    first.until(lambda: kept() >= 2)
    first.process.kill()
    assert first.end() == -signal.SIGKILL
    after_kill = kept()
    assert 2 <= after_kill < 20

    second = Process(tmp_path, *arguments)
    second.until(lambda: kept() > after_kill)
    second.process.send_signal(signal.SIGINT)
    assert second.end() == 130
    said = second.log.read_text()
    assert f"going on: {after_kill * 20} of 400 images are done" in said
    assert f": stopped: {kept() * 20} of 400 images are done; the same command" in said.splitlines()[-1]
    assert kept() < 20

    assert backfill(spark, parse(arguments), settings, Event()) == 0
    assert f"finished: 400 images in {out}, 400 classified, 0 failed; " in capsys.readouterr().out
    times = Counter(row.id for row in spark.read.parquet(str(out)).select("id").collect())
    assert times == Counter(image_id_from_key("file", name, payload) for name, payload in sent.items())
