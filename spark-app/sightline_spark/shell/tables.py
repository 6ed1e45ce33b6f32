"""The tables `images`, `results` and `dead_letters`: SQL over the records as Spark's Kafka source gives them.

Pure: nothing here knows a session, and nothing secret is in any text. Table `name` is made of the global temporary view
`kafka_NAME` by `sql/NAME.sql`, in which the words in capitals that SQL does not know stand for what they say.
"""

import json
import re
from importlib.resources import files
from typing import Any, Final

from sightline_contracts.results import SCHEMA

TABLES: Final = ("images", "results", "dead_letters")
_TYPES: Final = {"string": "STRING", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}

# The last of a name, as others read headers.
_HEADER: Final = r"decode(try_element_at(filter(headers, h -> h.key = '\1'), -1).value, 'UTF-8')"
# What repeats a key is found by the keys alone, so that the images themselves are never sorted; it costs a second
# reading of the topic. A record without a key repeats none.
_FIRST_OF_ITS_KEY: Final = """NOT EXISTS (
  SELECT /*+ BROADCAST(repeated) */ 1
  FROM (
    SELECT partition, offset, row_number() OVER (PARTITION BY key ORDER BY timestamp, partition, offset) AS copy
    FROM global_temp.{records}
    WHERE key IS NOT NULL
  ) AS repeated
  WHERE copy > 1 AND repeated.partition = record.partition AND repeated.offset = record.offset
)"""


def records_view(table: str) -> str:
    """The global temporary view of a table's records."""
    return f"kafka_{table}"


def statement(table: str) -> str:
    """The SQL that makes the table."""
    text = files(__package__).joinpath(f"sql/{table}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    sql = re.sub(r"HEADER\('([a-z-]+)'\)", _HEADER, "\n".join(lines))
    words = {
        "FIRST_OF_ITS_KEY": _FIRST_OF_ITS_KEY.format(records=records_view(table)),
        "'RESULT'": f"'{result_type()}'",
        "'SCHEMA'": f"'{SCHEMA}'",
    }
    for word, meaning in words.items():
        sql = sql.replace(word, meaning)
    return sql


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
