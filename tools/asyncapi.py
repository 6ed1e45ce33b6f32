"""docs/asyncapi.yaml: the Kafka topics for programs and code generators, from the contracts."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, IMAGE_STATS, Topic, load_topics

PATH: Final = Path(__file__).resolve().parents[1] / "docs" / "asyncapi.yaml"
_CONTRACTS: Final = files("sightline_contracts")
_HEAD: Final = "# Written by `make gen` from services/contracts.\n"
_BINDING: Final = "0.5.0"  # the version of AsyncAPI's Kafka binding
_FILE: Final = {"type": "string", "format": "binary", "description": "an image file, byte for byte"}
_NUMBERS: Final = ("retention.ms", "retention.bytes", "max.message.bytes")
_ABOUT: Final = """\
Images in, results out: the records that Sightline's services exchange, and that other programs may read. Keys are image
ids (UUID text). Records of `images` and `dead-letters` have the image file's bytes as value and everything else in
headers, UTF-8 text each; the other topics have one JSON document as value. Every topic stamps records on arrival.
"""


def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: a channel for each topic, an operation for each of its producers and consumers."""
    topics = load_topics(DEFAULT_MAX_IMAGE_BYTES)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sightline's topics",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {name: operation for topic in topics for name, operation in _operations(topic)},
        "components": {
            "messages": {topic.name: _message(topic) for topic in topics},
            "schemas": {name: _schema(name) for topic in topics for name in (topic.schema, _headers_of(topic)) if name},
        },
    }


def page() -> str:
    """The text of docs/asyncapi.yaml."""
    return _HEAD + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)


def _channel(topic: Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {name: int(topic.config[name]) for name in _NUMBERS}
    configuration["cleanup.policy"] = [topic.config["cleanup.policy"]]
    configuration["message.timestamp.type"] = topic.config["message.timestamp.type"]
    binding = {"partitions": topic.partitions, "topicConfiguration": configuration, "bindingVersion": _BINDING}
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "bindings": {"kafka": binding},
    }


def _operations(topic: Topic) -> Iterator[tuple[str, dict[str, Any]]]:
    channel = f"#/channels/{topic.name}"
    for action, services in (("send", topic.producers), ("receive", topic.consumers)):
        for service in services:
            yield (
                f"{service}-{action}-{topic.name}",
                {
                    "action": action,
                    "channel": {"$ref": channel},
                    "tags": [{"name": service}],
                    "messages": [{"$ref": f"{channel}/messages/{topic.name}"}],
                },
            )


def _message(topic: Topic) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{topic.schema}"}
    in_headers = topic.schema.endswith("-headers")
    key = {"type": "string"} if topic.name == IMAGE_STATS else {"type": "string", "format": "uuid"}
    described = {"headers": schema, "payload": _FILE} if in_headers else {"payload": schema}
    if beside := _headers_of(topic):
        described["headers"] = {"$ref": f"#/components/schemas/{beside}"}
    part = "headers" if in_headers else "payload"
    return {
        "name": topic.name,
        "contentType": "application/octet-stream" if in_headers else "application/json",
        **described,
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
        "examples": [{"name": name, part: example} for name, example in _examples(topic.schema)],
    }


def _headers_of(topic: Topic) -> str | None:
    """The schema of the headers that a topic's records have beside their document."""
    name = f"{topic.schema}-headers"
    return name if _CONTRACTS.joinpath("schemas", f"{name}.json").is_file() else None


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(_CONTRACTS.joinpath("schemas", f"{name}.json").read_text(encoding="utf-8"))
    # Inside another document they would change what references mean and which draft that document is read in.
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id")}


def _examples(schema: str) -> Iterator[tuple[str, Any]]:
    folder = _CONTRACTS.joinpath("examples", schema)
    for entry in sorted(folder.iterdir(), key=lambda file: file.name):
        yield entry.name.removesuffix(".json"), json.loads(entry.read_text(encoding="utf-8"))
