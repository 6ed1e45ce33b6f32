"""What `configure` gives a session that is about to be made, and when it refuses."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from sightline_spark import configure
from sightline_spark.errors import ClassifierError
from sightline_spark.table import session


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SparkContext, "_gateway", None)
    monkeypatch.setattr(session, "class_path", lambda folder: f"{folder}/engine.jar:bigdl.jar")
    monkeypatch.setattr(os, "environ", {"SPARK_DIST_CLASSPATH": "/theirs.jar"})


def _options(builder: SparkSession.Builder) -> dict[str, Any]:
    return dict(builder._options)


def _builder() -> SparkSession.Builder:
    builder = SparkSession.Builder()
    builder._options = {}
    return builder


def test_a_session_gets_the_jars_behind_sparks_the_function_and_the_models(tmp_path: Path) -> None:
    """And native code computes on the thread that calls it."""
    builder = _builder()
    assert configure(builder, models=tmp_path, engine=Path("/built")) is builder
    options = _options(builder)
    assert os.environ["SPARK_DIST_CLASSPATH"] == "/theirs.jar:/built/engine.jar:bigdl.jar"
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert options["spark.sql.extensions"] == "io.sightline.engine.table.SightlineExtensions"
    assert options["spark.sightline.models"] == str(tmp_path)


def test_what_the_builder_has_stays() -> None:
    """Extensions of Delta or Iceberg, and the user's own options of the JVM."""
    builder = _builder().config("spark.sql.extensions", "org.Delta").config("spark.driver.defaultJavaOptions", "-Da=b")
    options = _options(configure(builder))
    assert options["spark.sql.extensions"] == "org.Delta,io.sightline.engine.table.SightlineExtensions"
    assert options["spark.driver.defaultJavaOptions"].endswith(" -Da=b")
    assert "log4j2" in options["spark.driver.defaultJavaOptions"]


def test_a_session_that_has_the_engine_gets_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As when a notebook's cell runs again: what cannot change in a running JVM is left alone."""
    _running(monkeypatch, "<py4j.java_gateway.JavaClass object>")
    assert _options(configure(_builder(), models=tmp_path)) == {"spark.sightline.models": str(tmp_path)}


def test_a_session_without_the_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its class path is fixed: better said here than by a missing Java class later."""
    _running(monkeypatch, "<py4j.java_gateway.JavaPackage object>")
    with pytest.raises(RuntimeError, match="call configure\\(\\) before the first session"):
        configure(_builder())


def test_an_engine_that_is_not_built_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that builds it."""
    monkeypatch.undo()
    with pytest.raises(ClassifierError, match="make engine"):
        configure(_builder(), engine=tmp_path)


def _running(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    class Found:
        def __str__(self) -> str:
            return found

    table = SimpleNamespace(ImageClassifier=Found())
    engine = SimpleNamespace(io=SimpleNamespace(sightline=SimpleNamespace(engine=SimpleNamespace(table=table))))
    monkeypatch.setattr(SparkContext, "_gateway", object())
    monkeypatch.setattr(SparkContext, "_jvm", engine)
