"""The tables `images`, `results` and `dead_letters`: SQL over the records as Spark's Kafka source gives them.

Pure: nothing here knows a session, and nothing secret is in any text. Table `name` is made of the global temporary view
`kafka_NAME` by `sql/NAME.sql`.
"""

import json
from importlib.resources import files
from typing import Any, Final

from sightline_contracts.results import SCHEMA

TABLES: Final = ("images", "results", "dead_letters")
_TYPES: Final = {"string": "STRING", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}


def records_view(table: str) -> str:
    """The global temporary view of a table's records."""
    return f"kafka_{table}"


def statement(table: str) -> str:
    """The SQL that makes the table."""
    text = files(__package__).joinpath(f"sql/{table}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return "\n".join(lines).replace("'RESULT'", f"'{result_type()}'").replace("'SCHEMA'", f"'{SCHEMA}'")


def result_type() -> str:
    """Spark's type of a result document, as the contract's JSON Schema has it."""
    schema = files("sightline_contracts").joinpath("schemas/result.json").read_text(encoding="utf-8")
    return _fields(json.loads(schema), " ")


def _fields(schema: dict[str, Any], separator: str) -> str:
    return ", ".join(f"{name}{separator}{_type(part)}" for name, part in schema["properties"].items())


def _type(schema: dict[str, Any]) -> str:
    if "oneOf" in schema:  # null, or what the other says
        return _type(next(choice for choice in schema["oneOf"] if choice["type"] != "null"))
    kinds = schema.get("type", "string")  # constants and enumerations of the contract are texts
    kind = next(kind for kind in kinds if kind != "null") if isinstance(kinds, list) else kinds
    if kind == "object":
        return f"STRUCT<{_fields(schema, ': ')}>"
    return f"ARRAY<{_type(schema['items'])}>" if kind == "array" else _TYPES[kind]
