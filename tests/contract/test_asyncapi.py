"""docs/asyncapi.yaml says of the topics what the contracts say, in the words of AsyncAPI 3.0."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, load_topics
from tools.asyncapi import PATH

DOCUMENT: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
TOPICS = {topic.name: topic for topic in load_topics(DEFAULT_MAX_IMAGE_BYTES)}


def _find(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def test_every_topic_is_a_channel_with_its_limits() -> None:
    assert set(DOCUMENT["channels"]) == set(TOPICS)
    for name, topic in TOPICS.items():
        binding = DOCUMENT["channels"][name]["bindings"]["kafka"]
        assert binding["partitions"] == topic.partitions
        told = binding["topicConfiguration"]
        assert {key: str(told[key]) for key in ("retention.ms", "retention.bytes", "max.message.bytes")} == {
            key: topic.config[key] for key in ("retention.ms", "retention.bytes", "max.message.bytes")
        }


def test_every_producer_sends_and_every_consumer_receives() -> None:
    found = {
        (operation["action"], operation["tags"][0]["name"], operation["channel"]["$ref"].rpartition("/")[2])
        for operation in DOCUMENT["operations"].values()
    }
    sends = {("send", service, topic.name) for topic in TOPICS.values() for service in topic.producers}
    receives = {("receive", service, topic.name) for topic in TOPICS.values() for service in topic.consumers}
    assert found == sends | receives
    assert len(DOCUMENT["operations"]) == len(found)


def test_every_reference_leads_somewhere() -> None:
    references = list(_references(DOCUMENT))
    assert len(references) > len(TOPICS)
    for reference in references:
        assert _find(reference)


@pytest.mark.parametrize("name", TOPICS)
def test_examples_hold_in_the_draft_that_asyncapi_uses(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    assert message["examples"]
    part = "headers" if "headers" in message["examples"][0] else "payload"
    schema = _find(message[part]["$ref"])
    Draft7Validator.check_schema(schema)
    for example in message["examples"]:
        Draft7Validator(schema).validate(example[part])
        with pytest.raises(ValidationError):
            Draft7Validator(schema).validate({})
