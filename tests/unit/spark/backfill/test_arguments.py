"""The command line and the settings that follow from it."""

from pathlib import Path

import pytest

from sightline_spark.backfill.__main__ import settings_of
from sightline_spark.backfill.arguments import parse
from sightline_spark.span import Edge, Span


def test_a_folder_is_taken_from_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse(["folder", "photos", "--out", "labels", "--limit", "5"])
    assert (options.kind, options.place, options.out) == ("folder", f"{tmp_path}/photos", f"{tmp_path}/labels")
    assert (options.limit, options.dry_run) == (5, False)


def test_a_url_is_taken_as_it_is() -> None:
    options = parse(["table", "hdfs://host/photos", "--out", "hdfs://host/labels", "--key-column", "id"])
    assert (options.place, options.out, options.key_column) == ("hdfs://host/photos", "hdfs://host/labels", "id")


def test_a_range_of_the_topic() -> None:
    options = parse(["topic", "--from", "images:0=5", "--to", "latest", "--results"])
    assert (options.out, options.span) == (None, Span(Edge(offsets={"images": {0: 5}})))
    assert parse(["topic", "--since", "1h", "--results"]).span.start.time_ms is not None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["folder", "photos"], "one of the arguments --out --results is required"),
        (["folder", "photos", "--out", "a", "--results"], "not allowed with"),
        (["folder", "photos", "--out", "a", "--work", "b"], "--work belongs to --results"),
        (["folder", "photos", "--out", "a", "--limit", "0"], "0 is not a number of at least 1"),
        (["folder", "", "--out", "a"], "an empty name"),
        (["topic", "--from", "soon", "--results"], "'soon' is none of the ways to write it: a time"),
        (["topic", "--from", "1h", "--to", "2h", "--results"], "the beginning is not before the end"),
        ([], "arguments are required: SOURCE"),
    ],
)
def test_what_makes_no_sense_is_status_2(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(arguments)
    assert exit_.value.code == 2
    assert problem in capsys.readouterr().err


def test_the_classifiers_settings_with_every_processor_and_lines_for_people() -> None:
    options = parse(["folder", "photos", "--out", "a", "--model", "m@1", "--precision", "bf16"])
    settings = settings_of(options, {})
    assert (settings.master, settings.log_format, settings.classifier_trigger) == ("local[*]", "text", "processing")
    assert (settings.default_model, settings.classifier_precision) == ("m@1", "bf16")


def test_a_master_that_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"SIGHTLINE_CLASSIFIER_MASTER": "local[3]", "SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = settings_of(parse(["folder", "photos", "--out", "a"]), environment)
    assert (settings.master, settings.classifier_trigger) == ("local[3]", "processing")
