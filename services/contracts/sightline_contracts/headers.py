"""Kafka headers as text: one codec for image records and dead letters."""

from collections.abc import Iterable, Mapping

from sightline_contracts.errors import ContractError

KafkaHeaders = list[tuple[str, bytes]]


def encode_text(fields: Mapping[str, str | int | None]) -> KafkaHeaders:
    """Headers in the order of `fields`, UTF-8; a field that is None is left out."""
    return [(name, str(value).encode()) for name, value in fields.items() if value is not None]


def decode_text(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """The headers by name; the last one wins, as in Kafka's own `lastHeader`.

    Raises:
        ContractError: a header is not UTF-8.
    """
    fields: dict[str, str] = {}
    for name, value in headers:
        if value is None:
            continue
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise ContractError(f"header {name!r} is not UTF-8") from error
    return fields


def required(fields: Mapping[str, str], name: str) -> str:
    """The value of header `name`.

    Raises:
        ContractError: it is not there.
    """
    value = fields.get(name)
    if value is None:
        raise ContractError(f"header {name!r} is missing")
    return value


def integer(fields: Mapping[str, str], name: str) -> int:
    """The value of header `name` as a whole number of at least 0.

    Raises:
        ContractError: it is missing or not such a number.
    """
    value = required(fields, name)
    if not (value.isascii() and value.isdigit()):
        raise ContractError(f"header {name!r} is not a whole number: {value!r}")
    return int(value)
