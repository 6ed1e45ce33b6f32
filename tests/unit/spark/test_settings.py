"""Settings of the classifier: what is refused, and what follows from the trigger."""

import json
import os

import pytest
from pydantic import ValidationError

from sightline_spark.__main__ import parse_settings
from sightline_spark.query import EngineOptions
from sightline_spark.settings import ClassifierSettings


def test_batch_sizes_are_a_list_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_BATCH_SIZES", "1,2,8")

    assert EngineOptions.of(ClassifierSettings()).batch_size == 8


def test_the_engine_is_told_what_computes_and_in_which_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_ENGINE", "bigdl")
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_PRECISION", "bf16")

    told = json.loads(EngineOptions.of(ClassifierSettings()).to_json())

    assert (told["engine"], told["precision"]) == ("bigdl", "bf16")


def test_the_engine_is_told_its_memory_and_its_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_MODEL_MEMORY", "3g")
    assert json.loads(EngineOptions.of(ClassifierSettings()).to_json())["shadow"] is None
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_SHADOW", "pets@3")
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_SHADOW_SHARE", "0.25")

    told = json.loads(EngineOptions.of(ClassifierSettings()).to_json())

    assert (told["model_memory"], told["shadow"]) == (3 << 30, {"model": "pets@3", "share": 0.25})


def test_the_engine_is_told_where_spans_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EngineOptions.of(ClassifierSettings()).tracing is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret, x-team = a=b ,nonsense")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "site=gate%207")

    options = EngineOptions.of(ClassifierSettings())

    told = json.loads(options.to_json())["tracing"]
    assert told["endpoint"] == "http://collector:4318/v1/traces"
    assert told["headers"] == {"authorization": "Bearer secret", "x-team": "a=b"}
    assert (told["resource"]["service.name"], told["resource"]["site"]) == ("sightline-classifier", "gate 7")
    assert "secret" not in repr(options)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "eyes")
    assert json.loads(EngineOptions.of(ClassifierSettings()).to_json())["tracing"]["resource"]["service.name"] == "eyes"


def test_what_first_loads_leave_lies_beside_the_checkpoint_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR", "/data/checkpoint")
    assert EngineOptions.of(ClassifierSettings()).cache_dir == "/data/programs"

    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_CACHE_DIR", "/cache")
    assert EngineOptions.of(ClassifierSettings()).cache_dir == "/cache"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGHTLINE_MAX_PIXELS", "250000001"),
        ("SIGHTLINE_CLASSIFIER_BATCH_SIZES", "1,zero"),
        ("SIGHTLINE_CLASSIFIER_BATCH_SIZES", "0"),
        ("SIGHTLINE_CLASSIFIER_ENGINE", "tensorflow"),
        ("SIGHTLINE_CLASSIFIER_PRECISION", "f16"),
        ("SIGHTLINE_CLASSIFIER_DRIVER_MEMORY", "lots"),
        ("SIGHTLINE_CLASSIFIER_MODEL_MEMORY", "512"),
        ("SIGHTLINE_CLASSIFIER_SHADOW", "pets"),
        ("SIGHTLINE_CLASSIFIER_SHADOW_SHARE", "1.5"),
        ("SIGHTLINE_CLASSIFIER_TRIGGER", "sometimes"),
        ("SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT", "70000"),
    ],
)
def test_refuses_with_the_variables_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as exit_:
        parse_settings([])

    assert exit_.value.code == 2
    assert f"sightline-classify: {name}" in capsys.readouterr().err


def test_an_interval_has_no_meaning_without_batches() -> None:
    with pytest.raises(ValidationError, match="SIGHTLINE_CLASSIFIER_TRIGGER_INTERVAL_MS"):
        ClassifierSettings(classifier_trigger="continuous", classifier_trigger_interval_ms=100)


def test_the_command_line_is_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_TRIGGER", "processing")

    assert parse_settings(["--trigger", "continuous"]).classifier_trigger == "continuous"
    assert parse_settings([]).classifier_trigger == "processing"


def test_a_continuous_query_gets_a_task_for_each_partition_and_batches_of_one() -> None:
    settings = ClassifierSettings(classifier_trigger="continuous")

    assert settings.task_slots == 4
    assert EngineOptions.of(settings).batch_size == 1
    assert ClassifierSettings().task_slots == 2
    assert ClassifierSettings(classifier_master="local[*]").task_slots is None


def test_a_batch_is_divided_among_the_tasks_that_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ClassifierSettings().tasks_per_batch == 2
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_MASTER", "local[6]")
    assert ClassifierSettings().tasks_per_batch == 6
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_MASTER", "local[*]")
    assert ClassifierSettings().tasks_per_batch == os.cpu_count()
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_MIN_PARTITIONS", "1")
    assert ClassifierSettings().tasks_per_batch == 1
