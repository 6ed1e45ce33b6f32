"""The dead letter: an image that could not be classified, with everything needed to look into it or send it again."""

from collections.abc import Iterable
from dataclasses import dataclass

from sightline_contracts.headers import KafkaHeaders, decode_text, encode_text, integer, required

_OWN_HEADERS = ("error-code", "error-detail", "origin-topic", "origin-partition", "origin-offset")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why and where; `headers` are the original ones, untouched, and key and value travel as they were."""

    error_code: str
    error_detail: str
    origin_topic: str
    origin_partition: int
    origin_offset: int
    headers: tuple[tuple[str, bytes | None], ...]


def encode_dead_letter(letter: DeadLetter) -> KafkaHeaders:
    """The original headers followed by the five that say why and where."""
    own = encode_text(
        {
            "error-code": letter.error_code,
            "error-detail": letter.error_detail,
            "origin-topic": letter.origin_topic,
            "origin-partition": letter.origin_partition,
            "origin-offset": letter.origin_offset,
        }
    )
    return [(name, value or b"") for name, value in letter.headers] + own


def decode_dead_letter(headers: Iterable[tuple[str, bytes | None]]) -> DeadLetter:
    """The dead letter that a consumer read.

    Raises:
        ContractError: one of the five headers is missing or malformed.
    """
    every = tuple(headers)
    fields = decode_text((name, value) for name, value in every if name in _OWN_HEADERS)
    return DeadLetter(
        error_code=required(fields, "error-code"),
        error_detail=required(fields, "error-detail"),
        origin_topic=required(fields, "origin-topic"),
        origin_partition=integer(fields, "origin-partition"),
        origin_offset=integer(fields, "origin-offset"),
        headers=tuple((name, value) for name, value in every if name not in _OWN_HEADERS),
    )
