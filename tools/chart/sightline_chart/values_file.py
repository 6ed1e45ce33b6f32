"""`values.yaml` from the typed values: every key with its default, and above it what it does."""

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml
from pydantic.fields import FieldInfo

from sightline_chart.model.base import Scheduling, Section
from sightline_chart.model.values import Values

_HEAD: Final = """\
# Values of the chart, with their defaults. Generated from tools/chart by `make gen`; the schema beside this file
# refuses keys and values that it does not know.
"""
_WIDTH: Final = 118


def values_yaml() -> str:
    """The text of `values.yaml`."""
    return _HEAD + "\n".join(_section(Values(), 0))


def _section(section: Section, depth: int) -> Iterator[str]:
    for name, field in _own_first(type(section)):
        if depth == 0:
            yield ""
        value, indent = getattr(section, name), "  " * depth
        yield textwrap.fill(
            f"-- {field.description}", _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
        )
        if isinstance(value, Section) and not _is_leaf(value):
            yield f"{indent}{field.alias or name}:"
            yield from _section(value, depth + 1)
        else:
            yield textwrap.indent(_pair(field.alias or name, value), indent)
    if depth == 0:
        yield ""


def _own_first(kind: type[Section]) -> list[tuple[str, FieldInfo]]:
    """The fields of a section, those that it shares with others last."""
    shared = Scheduling.model_fields if issubclass(kind, Scheduling) else {}
    return sorted(kind.model_fields.items(), key=lambda item: item[0] in shared)


def _is_leaf(section: Section) -> bool:
    """Whether a section is written as Kubernetes does, without a comment a key: resources."""
    return type(section).__name__ == "Resources"


def _pair(key: str, value: Any) -> str:
    plain = value.model_dump(by_alias=True, exclude_defaults=True) if isinstance(value, Section) else value
    return yaml.dump({key: plain}, Dumper=_Dumper, sort_keys=False, width=1000, default_flow_style=False).rstrip()


class _Dumper(yaml.SafeDumper):
    """Double quotes, and only where a text would be read as something else."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = text and isinstance(yaml.safe_load(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)
