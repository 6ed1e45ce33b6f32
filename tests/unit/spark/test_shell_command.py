"""What sightline-shell starts, and what it refuses before anything starts."""

import atexit
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark import SparkContext

from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell import sql
from sightline_spark.shell.__main__ import main
from sightline_spark.shell.launch import Place
from sightline_spark.shell.prompt import _edit_lines
from sightline_spark.shell.sql import replace_by_spark_sql, spark_sql_command
from sightline_spark.shell.tables import TABLES, result_type, statement
from sightline_spark.table import session


def test_spark_sql_gets_statements_and_files_as_they_are() -> None:
    command = spark_sql_command({"spark.master": "local[1]"}, "SELECT 'a b'", Path("more.sql"))
    assert command[0].endswith("/pyspark/bin/spark-submit")
    assert command[-5:] == ["spark-internal", "-e", "SELECT 'a b'", "-f", "more.sql"]
    assert command[command.index("--conf") + 1] == "spark.master=local[1]"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--from", "soon"], "soon is neither a time"),
        (["--since", "1h", "--from", "2026-11-23"], "both given"),
        (["--since", "an hour"], "is no age"),
        (["--conf", "driver.memory=1g"], "is not spark.NAME=VALUE"),
        (["--sql", "program.py"], "a program is Python"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    arguments: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sightline-shell", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err.splitlines()[-1]


def test_a_place_names_no_secret_of_kafka() -> None:
    settings = ClassifierSettings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_username="analyst",
        kafka_password="guess me",
    )
    assert "guess me" not in repr(Place(settings, "local[1]", ()))


def test_a_setting_of_ones_own_takes_nothing_of_the_engine_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Extensions and jars are added to; any other setting is the command line's."""
    monkeypatch.setattr(SparkContext, "_gateway", None)
    monkeypatch.setattr(session, "class_path", lambda _folder: "engine.jar")
    monkeypatch.setattr(os, "environ", {})
    extra = (
        "spark.sql.extensions=org.Delta",
        "spark.jars=own.jar",
        "spark.sightline.models=/theirs",
        "spark.sql.session.timeZone=CET",
    )
    options = Place(ClassifierSettings(), "spark://host:7077", extra).builder(tmp_path)._options
    assert options["spark.sql.extensions"] == "org.Delta,io.sightline.engine.table.SightlineExtensions"
    assert options["spark.jars"] == "own.jar,engine.jar"
    assert (options["spark.sightline.models"], options["spark.sql.session.timeZone"]) == ("/theirs", "CET")


def test_each_table_is_made_of_its_own_records() -> None:
    for table in TABLES:
        assert f"VIEW {table} AS" in statement(table)
        assert f"global_temp.kafka_{table}" in statement(table)


def test_results_have_the_types_of_the_contract() -> None:
    assert "predictions ARRAY<STRUCT<index: BIGINT, label: STRING, probability: DOUBLE>>" in result_type()
    assert "error STRUCT<code: STRING, detail: STRING>" in result_type()
    assert "accepted_at BIGINT" in result_type()
    assert "status STRING" in result_type()


def test_certificates_that_no_environment_holds_are_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was a traceback, and the temporary folder stayed."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long: Any = SimpleNamespace(to_json=lambda: "x" * 8_000_000)  # more than any Linux takes in one text
    place: Any = SimpleNamespace(builder=lambda _folder: SimpleNamespace(_options={}))
    monkeypatch.setattr(sql, "spark_sql_command", lambda *_: [sys.executable, "-c", "pass"])
    monkeypatch.setattr(os, "execv", lambda program, command: os.execve(program, command, dict(os.environ)))
    with pytest.raises(ClassifierError, match="SIGHTLINE_KAFKA_CA_FILE"):
        replace_by_spark_sql(place, long)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["/dev/null", None])
def test_the_prompt_opens_without_a_home_for_its_lines(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """Of a read-only home it died after Spark had started, and of none already at its import."""

    def nowhere() -> Path:
        if home is None:
            raise RuntimeError("Could not determine home directory.")
        return Path(home)

    monkeypatch.setattr(Path, "home", nowhere)
    registered: list[object] = []
    monkeypatch.setattr(atexit, "register", lambda _function, *arguments: registered.extend(arguments))
    _edit_lines({})
    assert registered == []
