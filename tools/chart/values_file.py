"""`values.yaml` from the typed values: every key with its default, and above it what it does."""

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml

from tools.chart.model.base import Resources, Scheduling, Section, Stopping
from tools.chart.model.values import Values

_HEAD: Final = """\
# Values of the chart, with their defaults. Generated from tools/chart by `make gen`; the schema beside this file
# refuses keys and values that it does not know.
"""
_WIDTH: Final = 118


def values_yaml() -> str:
    """The text of `values.yaml`."""
    return _HEAD + "\n".join(_section(Values(), 0)) + "\n"


def fields(section: Section) -> Iterator[tuple[str, Any, str]]:
    """Key, value and meaning of each field; those that a section shares with others come last."""
    kind = type(section)
    shared = {name for base in (Stopping, Scheduling) if issubclass(kind, base) for name in base.model_fields}
    for name, field in sorted(kind.model_fields.items(), key=lambda item: item[0] in shared):
        yield field.alias or name, getattr(section, name), field.description or ""


def is_leaf(section: Section) -> bool:
    """Whether a section is written as Kubernetes does, without a comment a key."""
    return isinstance(section, Resources)


def plain(value: Any) -> Any:
    """A value as YAML or JSON knows it."""
    return value.model_dump(by_alias=True, exclude_defaults=True) if isinstance(value, Section) else value


def _section(section: Section, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for alias, value, text in fields(section):
        if depth == 0:
            yield ""
        yield textwrap.fill(f"-- {text}", _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        if isinstance(value, Section) and not is_leaf(value):
            yield f"{indent}{alias}:"
            yield from _section(value, depth + 1)
        else:
            yield textwrap.indent(_pair(alias, value), indent)


def _pair(key: str, value: Any) -> str:
    return yaml.dump({key: plain(value)}, Dumper=_Dumper, sort_keys=False, width=1000).rstrip()


class _Dumper(yaml.SafeDumper):
    """Double quotes, and only where a text would be read as something else."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    clear = text and isinstance(yaml.safe_load(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if clear else '"')


_Dumper.add_representer(str, _text)
