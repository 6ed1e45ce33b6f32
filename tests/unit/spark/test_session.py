"""The session's parts that need no JVM."""

import logging
from pathlib import Path

import pytest

from sightline_spark import jars
from sightline_spark.errors import ClassifierError, first_line
from sightline_spark.jars import bigdl_jars, engine_jars
from sightline_spark.session import _secret
from sightline_spark.settings import ClassifierSettings


def test_a_missing_engine_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "opencv.jar").write_bytes(b"")

    with pytest.raises(ClassifierError, match="run `make engine`"):
        engine_jars(tmp_path)


def test_a_class_path_for_a_shell_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$(python -m sightline_spark.jars)` before `make engine` showed a traceback."""
    monkeypatch.setattr(jars, "ENGINE_JARS", tmp_path)

    with pytest.raises(SystemExit, match=r"^sightline_spark\.jars: the inference .*run `make engine`$"):
        jars.main()


def test_all_jars_of_the_engine_are_taken(tmp_path: Path) -> None:
    for name in ("sightline-engine-1.jar", "opencv.jar", "notes.txt"):
        (tmp_path / name).write_bytes(b"")

    assert [jar.name for jar in engine_jars(tmp_path)] == ["opencv.jar", "sightline-engine-1.jar"]


def test_bigdl_comes_with_its_packages() -> None:
    assert {jar.parents[1].name for jar in bigdl_jars()} == {"core", "dllib"}


def test_a_java_failure_is_told_in_one_line() -> None:
    assert first_line(ValueError("\n  it broke\n\tat java.lang.Thread")) == "it broke"
    assert first_line(ValueError()) == "ValueError"


def test_a_cluster_without_a_secret_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    settings = ClassifierSettings(classifier_master="spark://master:7077", classifier_driver_host="driver")

    with caplog.at_level(logging.WARNING):
        assert _secret(settings) == {}
    assert "SIGHTLINE_CLASSIFIER_SPARK_SECRET is not set" in caplog.text


def test_a_secret_turns_authentication_and_encryption_on() -> None:
    given = ClassifierSettings(
        classifier_master="spark://master:7077", classifier_driver_host="driver", classifier_spark_secret="s" * 32
    )
    configuration = _secret(given)

    assert configuration["spark.authenticate.secret"] == "s" * 32
    assert configuration["spark.authenticate"] == "true"
    assert configuration["spark.network.crypto.enabled"] == "true"
    assert _secret(given.model_copy(update={"classifier_master": "local[2]"})) == {}
