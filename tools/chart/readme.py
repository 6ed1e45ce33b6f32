"""`README.md` of the chart: prose with a table of the values in it."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from tools.chart.model.base import Section
from tools.chart.model.config import config_schema
from tools.chart.model.values import Values
from tools.chart.values_file import fields, is_leaf, plain

_VALUES: Final = "<!-- values -->"
_SETTINGS: Final = "<!-- settings -->"


def readme() -> str:
    """The text of `README.md`.

    Raises:
        ValueError: the prose has no place for the values or for the settings.
    """
    text = files(__package__).joinpath("readme.md").read_text(encoding="utf-8")
    for mark, lines in ((_SETTINGS, _settings()), (_VALUES, _tables())):
        before, found, after = text.partition(mark)
        if not found:
            raise ValueError(f"readme.md has no line {mark}")
        text = before + "\n".join(lines) + after
    return text


def _settings() -> Iterator[str]:
    """The variables that `config` takes."""
    yield "| variable | what it does |"
    yield "| --- | --- |"
    for name, schema in config_schema()["properties"].items():
        yield f"| `{name}` | {schema['description']} |"


def _tables() -> Iterator[str]:
    """One table a section, those of a single value together in the first."""
    root = Values()
    single = [(alias, value, text) for alias, value, text in fields(root) if _is_value(value)]
    yield from _table("General", "", single)
    for alias, value, text in fields(root):
        if not _is_value(value):
            yield ""
            yield from _table(f"`{alias}`", text, _leaves(alias, value))


def _table(title: str, text: str, rows: Any) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    if text:
        yield from (text, "")
    yield "| key | default | what it does |"
    yield "| --- | --- | --- |"
    for key, value, description in rows:
        yield f"| `{key}` | `{json.dumps(plain(value))}` | {description.replace('|', chr(92) + '|')} |"


def _leaves(prefix: str, section: Section) -> Iterator[tuple[str, Any, str]]:
    for alias, value, text in fields(section):
        if _is_value(value):
            yield f"{prefix}.{alias}", value, text
        else:
            yield from _leaves(f"{prefix}.{alias}", value)


def _is_value(value: object) -> bool:
    return not isinstance(value, Section) or is_leaf(value)
