"""`README.md` of the chart: prose with a table of the values in it."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from tools.chart.model.base import Section
from tools.chart.model.values import Values
from tools.chart.values_file import fields, is_leaf, plain

_MARK: Final = "<!-- values -->"


def readme() -> str:
    """The text of `README.md`.

    Raises:
        ValueError: the prose has no place for the values.
    """
    prose = files(__package__).joinpath("readme.md").read_text(encoding="utf-8")
    before, mark, after = prose.partition(_MARK)
    if not mark:
        raise ValueError(f"readme.md has no line {_MARK}")
    return before + "\n".join(_tables()) + after


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
