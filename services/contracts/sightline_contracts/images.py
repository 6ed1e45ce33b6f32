"""The image record: topic `images`, key = image id, value = the image's bytes exactly as received."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sightline_contracts.errors import ContractError
from sightline_contracts.headers import KafkaHeaders, decode_text, encode_text, integer, required
from sightline_contracts.ids import is_image_id
from sightline_contracts.media import Payload
from sightline_contracts.traces import is_traceparent

SOURCES: Final = ("http", "tcp", "udp", "device")


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One accepted image.

    `accepted_at` is Unix time in ms on the accepting host; `stream` names the sender's camera or stream, whose records
    keep their order; `model` is `name` or `name@version`; `traceparent` is W3C trace context.
    """

    id: str
    payload: Payload
    content_type: str
    source: str
    accepted_at: int
    stream: str | None = None
    name: str | None = None
    model: str | None = None
    traceparent: str | None = None


def encode_headers(record: ImageRecord) -> KafkaHeaders:
    """The Kafka headers of `record`; optional fields that are None are left out."""
    return encode_text(
        {
            "content-type": record.content_type,
            "source": record.source,
            "accepted-at": record.accepted_at,
            "stream": record.stream,
            "name": record.name,
            "model": record.model,
            "traceparent": record.traceparent,
        }
    )


def decode_record(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> ImageRecord:
    """The image record that a consumer read; without a trace where the trace's header is malformed.

    Raises:
        ContractError: key, value or a required header is missing or malformed.
    """
    fields = decode_text(headers)
    source = required(fields, "source")
    if source not in SOURCES:
        raise ContractError(f"header 'source' is none of {', '.join(SOURCES)}: {source!r}")
    trace = fields.get("traceparent")
    return ImageRecord(
        id=decode_key(key),
        payload=value or b"",
        content_type=required(fields, "content-type"),
        source=source,
        accepted_at=integer(fields, "accepted-at"),
        stream=fields.get("stream"),
        name=fields.get("name"),
        model=fields.get("model"),
        traceparent=trace if trace is not None and is_traceparent(trace) else None,
    )


def decode_key(key: bytes | None) -> str:
    """The image id in a record's key.

    Raises:
        ContractError: there is no key, or it is not an image id.
    """
    text = (key or b"").decode("ascii", errors="replace")
    if not is_image_id(text):
        raise ContractError(f"the key is not an image id: {text!r}")
    return text


def partition_for(stream: str | None, partitions: int) -> int | None:
    """The partition that keeps `stream` in order, or None: without a stream the key decides."""
    return None if stream is None else zlib.crc32(stream.encode()) % partitions
