"""The table API on a real standalone cluster that has nothing of Sightline: jars and models come with the program."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sightline_local.check import find_java
from sightline_spark.jars import ENGINE_JARS, class_path
from tests.spark.conftest import MODELS, digit_png
from tests.spark.table_on_cluster import COPIES, DIGITS
from tests.spark.throughput_on_cluster import COUNT

pytestmark = [pytest.mark.spark, pytest.mark.timeout(560)]

_PROGRAM_DEADLINE_S = 500
EXPECTED = [[f"{index:02}", str(digit_png(index)[1]), "digits-lenet@1"] for index in range(DIGITS)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, photo_model: str) -> dict[str, Any]:
    """What the program saw."""
    if find_java() is None:
        pytest.skip("needs Java 17 (Debian: apt-get install openjdk-17-jdk-headless)")
    folder = tmp_path_factory.mktemp("cluster")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.spark.table_on_cluster", str(MODELS), str(folder)],
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=_PROGRAM_DEADLINE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with its cluster
        said, _ = process.communicate()
    assert process.returncode == 0, said
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return found


@pytest.mark.parametrize("part", ["transformer", "function", "stream", "installed", "backfill"])
def test_every_way_to_classify_works_on_executors(seen: dict[str, Any], part: str) -> None:
    assert seen[part][:-1] == EXPECTED
    assert seen[part][-1][:2] == ["no-image", None]  # a backfill names the model of a bad image, too


def test_executors_get_jars_and_models_by_themselves(seen: dict[str, Any]) -> None:
    """Each jar once and an archive of each of the two models that were asked for; the worker that was added, too."""
    jars = len(class_path(ENGINE_JARS).split(":"))
    assert seen["brought"].count(jars + 2) == 2  # a third, which the killed one is replaced by, needs one at most


def test_executors_that_have_jars_and_models_get_none(seen: dict[str, Any]) -> None:
    """`executors="installed"`, and a backfill, which takes it for granted."""
    assert seen["copied"] == 0
    assert f"finished: {DIGITS + 1} images" in seen["said"]
    assert f"{DIGITS} classified, 1 failed" in seen["said"]


def test_an_executor_that_is_added_takes_its_share(seen: dict[str, Any]) -> None:
    """How much sooner it ends says little on a busy machine, so that is printed and not held against a goal."""
    one, two = seen["throughput"]["one"], seen["throughput"]["two"]
    assert list(one["classified"].values()) == [COUNT]
    assert sum(two["classified"].values()) == COUNT
    assert len(two["classified"]) == 2
    assert min(two["classified"].values()) >= COUNT // 5
    print(f"FIGURE spark-second-executor {one['seconds'] / two['seconds']:.2f} x")  # noqa: T201


def test_an_executor_killed_in_mid_batch_loses_and_repeats_nothing(seen: dict[str, Any]) -> None:
    killed = seen["killed"]
    assert killed["failed_tasks"] > 0
    assert (killed["rows"], killed["distinct"], killed["labelled"]) == (DIGITS * COPIES,) * 3
