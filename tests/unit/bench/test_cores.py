"""The comparison of cores: what is started, and what is made of it."""

import sys

from bench.engine.cores import figures, on_master
from bench.engine.report import Figure
from bench.engine.topic import Program

PROGRAM = Program("x", [sys.executable, "-m", "sightline_spark"], {"SIGHTLINE_CLASSIFIER_MASTER": "local[2]"}, 10, 20)


def test_one_jvm_gets_its_tasks_by_the_setting_and_so_many_processors() -> None:
    """As users set it. Without the processors, the JVM of one task kept the other cores busy as well."""
    started = on_master(PROGRAM, "local", [3])
    assert list(started.command) == ["taskset", "-c", "3", *PROGRAM.command]
    assert started.environment["SIGHTLINE_CLASSIFIER_MASTER"] == "local[1]"
    assert (started.warm, started.images) == (10, 20)


def test_executors_are_jvms_of_their_own_with_one_core_each() -> None:
    """As many of them as cores are asked for."""
    started = on_master(PROGRAM, "local-cluster", [2, 3])
    assert list(started.command)[1:] == ["-m", "bench.engine.queries.classifier", "local-cluster[2,1,2048]", "2"]


def test_two_cores_have_a_goal() -> None:
    """Of more, only the figure is told; of one there is nothing to tell."""
    rates = {"local 1": [10.0], "local 2": [19.0], "local-cluster 1": [10.0], "local-cluster 2": [18.0]}
    assert figures(rates, 2) == (
        Figure("cores-local-1-to-2", 1.9, "x", 1.9),
        Figure("cores-local-cluster-1-to-2", 1.8, "x", 1.9),
    )
    rates |= {"local 8": [70.0], "local-cluster 8": [60.0]}
    assert [figure.goal for figure in figures(rates, 8)] == [None, None]
    assert figures(rates, 1) == ()
