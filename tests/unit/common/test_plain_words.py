"""What is refused is said in words that need no knowledge of the library that refused it."""

from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from sightline_common.plain_words import plain


class _Named(BaseModel):
    name: str = Field(min_length=1, max_length=3, pattern="^[a-z]*$")


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (int, "far", "it is no whole number"),
        (int, 1.5, "it is no whole number"),
        (float, [], "it is no number"),
        (bool, "perhaps", "it must be true or false"),
        (Annotated[int, Field(le=250_000_000)], 10**9, "it must be 250000000 or less"),
        (Annotated[float, Field(gt=0)], 0, "it must be more than 0"),
        (Annotated[float, Field(ge=0.5)], 0, "it must be 0.5 or more"),
        (Literal["none", "frame"], "both", "it must be none or frame"),
        (tuple[int, ...], 3, "it must be a list"),
        (Annotated[tuple[int, ...], Field(max_length=1)], (1, 2), "it has more than 1 entries"),
        (_Named, {}, "it is missing"),
        (_Named, {"name": ""}, "it is empty"),
        (_Named, {"name": "abcd"}, "it is longer than 3 characters"),
        (_Named, {"name": "A"}, "it must be of small letters"),
        (_Named, 3, "it must have fields, each with its name"),
    ],
)
def test_a_mistake_is_said_in_plain_words(kind: Any, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    (problem,) = refused.value.errors()
    assert plain(problem, {"^[a-z]*$": "it must be of small letters"}) == words


def test_what_has_no_words_of_ours_keeps_its_own() -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(UUID).validate_python("x")
    assert "UUID" in plain(refused.value.errors()[0])
