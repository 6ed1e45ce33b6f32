"""What executors of a table session get: jars behind Spark's own, the settings of native libraries, memory."""

import pytest

from sightline_spark.table.executors import executor_configuration, runs_here

JARS = "/engine/engine.jar:/bigdl/bigdl.jar"


def test_shipped_jars_come_after_those_that_the_user_ships() -> None:
    added = executor_configuration(JARS, "shipped", {"spark.jars": "/own/own.jar"})
    assert added["spark.jars"] == "/own/own.jar,/engine/engine.jar,/bigdl/bigdl.jar"
    assert "spark.executorEnv.SPARK_DIST_CLASSPATH" not in added
    assert "spark.sightline.shipModels" not in added


def test_nothing_is_shipped_to_executors_that_have_it() -> None:
    added = executor_configuration(JARS, "installed", {})
    assert "spark.jars" not in added
    assert added["spark.executorEnv.SPARK_DIST_CLASSPATH"] == JARS
    assert added["spark.sightline.shipModels"] == "false"


def test_bigdl_never_comes_in_front_of_spark() -> None:
    """Its jar holds copies of log4j, Jackson and Guava that are older than Spark's."""
    for executors in ("shipped", "installed"):
        assert not [name for name in executor_configuration(JARS, executors, {}) if "extraClassPath" in name]


def test_each_task_computes_on_one_thread() -> None:
    assert executor_configuration(JARS, "shipped", {})["spark.executorEnv.OMP_NUM_THREADS"] == "1"


def test_a_users_memory_stays() -> None:
    assert executor_configuration(JARS, "shipped", {})["spark.executor.memoryOverhead"] == "1g"
    assert "spark.executor.memoryOverhead" not in executor_configuration(
        JARS, "shipped", {"spark.executor.memoryOverhead": "3g"}
    )


@pytest.mark.parametrize(
    ("master", "here"),
    [
        ("local", True),
        ("local[4]", True),
        ("local[*]", True),
        ("local-cluster[2,1,1024]", False),
        ("spark://host:7077", False),
        ("yarn", False),
    ],
)
def test_which_masters_run_tasks_in_the_drivers_own_jvm(master: str, here: bool) -> None:
    assert runs_here(master) is here
