"""What counts as the same content."""

from copy import deepcopy
from typing import Any

import pytest

from tests.repeats import say_the_same

ONE: dict[str, Any] = {
    "status": "classified",
    "model": {"name": "digits-lenet", "version": "1"},
    "error": None,
    "classified_at": 1,
    "predictions": [
        {"index": 3, "label": "3", "probability": 0.9},
        {"index": 5, "label": "5", "probability": 0.1},
    ],
}


def changed(**parts: object) -> dict[str, Any]:
    return {**deepcopy(ONE), **parts}


def test_times_and_the_last_digit_may_differ() -> None:
    last_digit = [{"index": 3, "label": "3", "probability": 0.900001}, ONE["predictions"][1]]
    assert say_the_same([ONE, changed(classified_at=2), changed(predictions=last_digit)])


@pytest.mark.parametrize(
    "parts",
    [
        {"status": "failed"},
        {"model": {"name": "digits-lenet", "version": "2"}},
        {"error": {"code": "internal", "detail": "?"}},
        {"predictions": []},
        {"predictions": ONE["predictions"][::-1]},
        {"predictions": [{"index": 3, "label": "3", "probability": 0.90001}, ONE["predictions"][1]]},
    ],
)
def test_anything_else_may_not(parts: dict[str, Any]) -> None:
    assert not say_the_same([ONE, ONE, changed(**parts)])
