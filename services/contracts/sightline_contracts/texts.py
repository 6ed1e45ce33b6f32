"""The text record: a line of text on a topic of the operator's own, and what it shares with image records."""

from dataclasses import dataclass

from sightline_contracts.headers import KafkaHeaders, encode_text
from sightline_contracts.images import ImageRecord
from sightline_contracts.images import encode_headers as encode_image_headers
from sightline_contracts.media import Payload


@dataclass(frozen=True, slots=True)
class TextRecord:
    """One line as it was received, without its end, in whatever encoding it has.

    `accepted_at` is Unix time in ms on the accepting host; `stream` names the sender, whose lines keep their order.
    """

    payload: Payload
    source: str
    accepted_at: int
    stream: str | None = None


Record = ImageRecord | TextRecord


def encode_key(record: Record) -> bytes | None:
    """The Kafka key of `record`: an image's id; a line has none."""
    return record.id.encode("ascii") if isinstance(record, ImageRecord) else None


def encode_headers(record: Record) -> KafkaHeaders:
    """The Kafka headers of `record`; optional fields that are None are left out."""
    if isinstance(record, ImageRecord):
        return encode_image_headers(record)
    return encode_text({"source": record.source, "accepted-at": record.accepted_at, "stream": record.stream})
