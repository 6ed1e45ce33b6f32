"""What pydantic refuses, in words for those who write settings and files: they need not know of pydantic."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

_NO_SHAPES: Final[Mapping[str, str]] = {}
_WORDS: Final[Mapping[str, str]] = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "int_parsing": "it is no whole number",
    "int_parsing_size": "it is too large",
    "int_type": "it is no whole number",
    "int_from_float": "it is no whole number",
    "float_parsing": "it is no number",
    "float_type": "it is no number",
    "finite_number": "it is no finite number",
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "string_type": "it is no text",
    "string_too_short": "it is empty",
    "path_type": "it is no path",
    "tuple_type": "it must be a list",
    "list_type": "it must be a list",
    "model_type": "it must have fields, each with its name",
    "model_attributes_type": "it must have fields, each with its name",
    "dict_type": "it must have fields, each with its name",
    "union_tag_not_found": "its type is missing",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} or more",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be {le} or less",
    "literal_error": "it must be {expected}",
    "union_tag_invalid": "there is no {tag}: choose from {expected_tags}",
    "string_too_long": "it is longer than {max_length} characters",
    "too_long": "it has more than {max_length} entries",
}


def plain(problem: ErrorDetails, shapes: Mapping[str, str] = _NO_SHAPES) -> str:
    """What is wrong, without where. `shapes` tells, by their patterns, what texts have to look like."""
    context = problem.get("ctx", {})
    if problem["type"] == "string_pattern_mismatch":
        return shapes.get(context["pattern"], f"it must match {context['pattern']}")
    words = _WORDS.get(problem["type"])
    if words is None:  # one of our own validators spoke, or pydantic has something rare to say
        return problem["msg"].removeprefix("Value error, ")
    return words.format_map({name: _shown(value) for name, value in context.items()})


def _shown(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("'", "")
