"""The reference of the bridge's file of sources in docs/bridge.md, from the models that read that file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sightline_bridge.config import AnySource, SourceConfig
from sightline_bridge.strict import Strict

PATH: Final = Path(__file__).resolve().parents[1] / "docs" / "bridge.md"
_BEGIN: Final = "<!-- From here to the end of the reference: written by `make gen`. -->\n"
_END: Final = "<!-- End of the reference. -->\n"


def page() -> str:
    """The text of docs/bridge.md, its reference as the models are now."""
    text = PATH.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n{reference()}\n{_END}{after}"


def reference() -> str:
    """A table of what all sources have in common, then one for what each type adds."""
    parts = [_section("Every source", SourceConfig, set())]
    parts += [_section(f"`{_default(kind, 'type')}`", kind, set(SourceConfig.model_fields)) for kind in source_types()]
    return "\n".join(parts)


def source_types() -> tuple[type[SourceConfig], ...]:
    """The model of each type of source, in the order in which they are documented."""
    union, *_ = get_args(AnySource)
    return get_args(union)


def _section(title: str, kind: type[Strict], known: set[str]) -> str:
    purpose = (kind.__doc__ or "").strip() if known else "The fields that each source has."
    rows = "".join(_rows(kind, known, ""))
    return f"### {title}\n\n{purpose}\n\n| field | default | meaning |\n| --- | --- | --- |\n{rows}"


def _rows(kind: type[BaseModel], known: set[str], prefix: str) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        if name in known:
            continue
        yield f"| `{prefix}{name}` | {_shown(field)} | {field.description or 'the type'} |\n"
        if (inner := _section_of(field.annotation)) is not None:
            yield from _rows(inner, set(), f"{prefix}{name}.")


def _section_of(annotation: Any) -> type[Strict] | None:
    """The section of the file that a field holds; a choice of several, as framings are, is explained elsewhere."""
    parts = (annotation, *get_args(annotation))
    models = [part for part in parts if isinstance(part, type) and issubclass(part, Strict)]
    return models[0] if len(models) == 1 else None


def _shown(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "" if default is None else f"`{default}`"


def _default(kind: type[BaseModel], name: str) -> str:
    return str(kind.model_fields[name].default)
