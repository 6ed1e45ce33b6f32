"""Where an image record is: the headers by which results and dead letters tell it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sightline_contracts.headers import KafkaHeaders, encode_text

_NAMES: Final = ("origin-topic", "origin-partition", "origin-offset")
_MAX_DIGITS: Final = (9, 18)  # of partition and offset: more are no place in Kafka, and no integer of SQLite


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of an image record."""

    topic: str
    partition: int
    offset: int


def encode_origin(origin: Origin) -> KafkaHeaders:
    """The three headers."""
    return encode_text(dict(zip(_NAMES, (origin.topic, origin.partition, origin.offset), strict=True)))


def decode_origin(headers: Iterable[tuple[str, bytes | None]]) -> Origin | None:
    """The place that these headers tell; None when they tell none, as results of older classifiers do."""
    found = {name: value for name, value in headers if name in _NAMES and value is not None}
    topic, *numbers = (found.get(name, b"") for name in _NAMES)
    if not topic.isascii() or not all(_is_number(*each) for each in zip(numbers, _MAX_DIGITS, strict=True)):
        return None
    partition, offset = map(int, numbers)
    return Origin(topic.decode(), partition, offset) if topic else None


def image_id_from_origin(origin: Origin) -> str:
    """The id that the classifier gives an image whose key is none, as foreign producers send them (a UUIDv3)."""
    place = f"{origin.topic}/{origin.partition}/{origin.offset}"
    return str(UUID(bytes=hashlib.md5(place.encode(), usedforsecurity=False).digest(), version=3))


def _is_number(text: bytes, digits: int) -> bool:
    return text.isdigit() and len(text) <= digits
