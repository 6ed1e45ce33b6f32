"""What sightline-shell starts, and what it refuses before anything starts."""

import atexit
import io
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark import SparkContext

from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell import prompt, sql
from sightline_spark.shell.__main__ import main
from sightline_spark.shell.launch import Place
from sightline_spark.shell.prompt import _edit_lines, run_prompt
from sightline_spark.shell.sql import replace_by_spark_sql, spark_sql_command
from sightline_spark.shell.tables import TABLES, result_type, statement
from sightline_spark.shell.topics import TopicTables
from sightline_spark.table import session


def test_spark_sql_gets_statements_and_files_as_they_are() -> None:
    command = spark_sql_command({"spark.master": "local[1]"}, "SELECT 'a b'", Path("more.sql"))
    assert command[0].endswith("/pyspark/bin/spark-submit")
    assert command[-5:] == ["spark-internal", "-e", "SELECT 'a b'", "-f", "more.sql"]
    assert command[command.index("--conf") + 1] == "spark.master=local[1]"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--from", "soon"], "'soon' is none of the ways"),
        (["--since", "1h", "--from", "2026-11-23"], "a second time beside 1h"),
        (["--since", "an hour"], "'an hour' is none of the ways"),
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


class Opened(Exception):
    """The prompt would open now, with these tables."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["sightline-shell: no tables of topics: Kafka at 127.0.0.1:1: connection refused"]),
        (["--no-topics"], []),
    ],
)
def test_the_prompt_opens_without_kafka(
    arguments: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, or without a question to Kafka."""

    def opens(_place: Place, topics: object) -> None:
        raise Opened(topics)

    monkeypatch.setattr("sys.argv", ["sightline-shell", *arguments])
    monkeypatch.setenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr("sightline_spark.shell.__main__.run_prompt", opens)
    with pytest.raises(Opened) as opened:
        main()
    assert opened.value.args == (None,)
    assert capsys.readouterr().err.splitlines() == said


def test_who_names_a_part_of_the_topics_is_told_that_there_is_no_kafka(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And gets no prompt without them."""
    monkeypatch.setattr("sys.argv", ["sightline-shell", "--since", "1h"])
    monkeypatch.setenv("SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("sightline-shell: Kafka at 127.0.0.1:1: ")


def test_the_prompt_says_what_it_has_and_runs_python(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake is shown, and the next line is read all the same."""
    spark: Any = SimpleNamespace(sql=lambda statement: f"the rows of {statement}")
    monkeypatch.setattr("sys.stdin", io.StringIO("1 / 0\nprint(sql('SELECT 1'), ImageClassifier.__name__)\n"))
    monkeypatch.setattr(prompt, "_session", lambda *_: nullcontext(spark))
    place: Any = None
    with pytest.raises(SystemExit) as ended:
        run_prompt(place, TopicTables({"images": {}, "results": {}}))
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert "the rows of SELECT 1 ImageClassifier\n" in said.out
    assert "ImageClassifier, ImageFeaturizer" in said.err
    assert "SQL: tables images, results; classify_image(content[, model[, topK]])." in said.err
    assert "ZeroDivisionError" in said.err


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
