"""Every topic, schema and example is used, holds, and can fail."""

import copy
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from sightline_contracts.topics import DEAD_LETTERS, IMAGE_STATS, IMAGES, RESULTS, load_topics, record_limit

_ROOT = files("sightline_contracts")
# The model bundle's contract belongs to no topic: it is the one between training and the engine. Results have headers
# beside their document.
_BESIDE_TOPICS = {"model", "result-headers"}


def _schemas() -> dict[str, Any]:
    return {
        entry.name.removesuffix(".json"): json.loads(entry.read_text(encoding="utf-8"))
        for entry in _ROOT.joinpath("schemas").iterdir()
    }


def _examples() -> Iterator[tuple[str, str, Any]]:
    for folder in _ROOT.joinpath("examples").iterdir():
        for entry in folder.iterdir():
            yield folder.name, entry.name, json.loads(entry.read_text(encoding="utf-8"))


EXAMPLES = sorted(_examples(), key=lambda example: example[:2])


def _spoilt(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with each required field missing, and with each field of a wrong type."""
    for name in schema["required"]:
        yield {key: value for key, value in document.items() if key != name}
    for name in schema["properties"]:
        if name in document:
            yield {**copy.deepcopy(document), name: [{"not": "this"}]}


def test_every_schema_is_valid_and_is_in_use() -> None:
    schemas = _schemas()
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert set(schemas) == {topic.schema for topic in load_topics(1)} | _BESIDE_TOPICS


def test_every_schema_has_examples_and_every_example_a_schema() -> None:
    assert {schema for schema, _, _ in EXAMPLES} == set(_schemas())


@pytest.mark.parametrize(("schema", "name", "document"), EXAMPLES, ids=[f"{s}/{n}" for s, n, _ in EXAMPLES])
def test_an_example_validates_and_a_spoilt_one_fails(schema: str, name: str, document: dict[str, Any]) -> None:
    definition = _schemas()[schema]
    validator = Draft202012Validator(definition)
    validator.validate(document)
    for spoilt in _spoilt(document, definition):
        with pytest.raises(ValidationError):
            validator.validate(spoilt)


@pytest.mark.parametrize(
    "spoil",
    [
        {"status": "classified", "predictions": []},
        {"status": "failed"},
        {"error": {"code": "never-heard-of", "detail": "x"}, "status": "failed", "predictions": []},
    ],
    ids=["classified without predictions", "failed without a reason", "unknown error code"],
)
def test_a_result_that_contradicts_itself_fails(spoil: dict[str, Any]) -> None:
    document = json.loads(_ROOT.joinpath("examples/result/classified.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        Draft202012Validator(_schemas()["result"]).validate({**document, **spoil})


def test_topics_carry_the_one_size_limit_and_stamp_on_arrival() -> None:
    topics = load_topics(5_000_000, replication_factor=3, min_insync_replicas=2)
    assert [topic.name for topic in topics] == [IMAGES, RESULTS, DEAD_LETTERS, IMAGE_STATS]
    for topic in topics:
        assert topic.replication_factor == 3
        assert topic.config["max.message.bytes"] == str(record_limit(5_000_000))
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        assert topic.config["min.insync.replicas"] == "2"
        assert int(topic.config["retention.ms"]) > 0
        assert int(topic.config["retention.bytes"]) > 0
        assert topic.producers
        assert topic.consumers


def test_more_in_sync_replicas_than_replicas_are_refused() -> None:
    with pytest.raises(ValueError, match="exceeds the replication factor"):
        load_topics(1, replication_factor=1, min_insync_replicas=2)
