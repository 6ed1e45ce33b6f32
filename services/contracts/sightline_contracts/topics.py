"""The Kafka topics, read from the reviewed file `topics.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

IMAGES = "images"
RESULTS = "results"
DEAD_LETTERS = "dead-letters"
IMAGE_STATS = "image-stats"
OURS = frozenset({IMAGES, RESULTS, DEAD_LETTERS, IMAGE_STATS})  # others are their operators' own

DEFAULT_MAX_IMAGE_BYTES = 10 * 1024 * 1024
# A record is its image plus key, headers and batch framing. Smaller, and an image at the limit is refused by the
# broker although the gateway took it; larger only wastes head-room. Headers are limited to well under this.
RECORD_OVERHEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it has to exist on the broker; `schema` names the file in `schemas/` that its records follow."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]
    description: str
    schema: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]


def record_limit(max_image_bytes: int) -> int:
    """The largest record in bytes on any hop when images have at most `max_image_bytes`."""
    return max_image_bytes + RECORD_OVERHEAD_BYTES


def load_topics(
    max_image_bytes: int, *, replication_factor: int = 1, min_insync_replicas: int = 1
) -> tuple[Topic, ...]:
    """All topics, with the limits that follow from the largest image and the cluster's size.

    Raises:
        ValueError: more in-sync replicas are asked for than there are replicas.
    """
    if min_insync_replicas > replication_factor:
        raise ValueError(
            f"min in-sync replicas {min_insync_replicas} exceeds the replication factor {replication_factor}"
        )
    cluster = {
        "max.message.bytes": str(record_limit(max_image_bytes)),
        "min.insync.replicas": str(min_insync_replicas),
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
    }
    declared = tomllib.loads(files(__package__).joinpath("topics.toml").read_text(encoding="utf-8"))
    return tuple(_topic(name, table, replication_factor, cluster) for name, table in declared.items())


def _topic(name: str, table: dict[str, object], replication_factor: int, cluster: Mapping[str, str]) -> Topic:
    retention = {key.replace("_", "."): str(table[key]) for key in ("retention_ms", "retention_bytes")}
    return Topic(
        name=name,
        partitions=_integer(table["partitions"]),
        replication_factor=replication_factor,
        config={**cluster, **retention, "cleanup.policy": "delete"},
        description=str(table["description"]),
        schema=str(table["schema"]),
        producers=_names(table["producers"]),
        consumers=_names(table["consumers"]),
    )


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an integer, found {value!r}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list of names, found {value!r}")
    return tuple(str(name) for name in value)
