"""Rounds that take turns, and the ratios they give."""

from collections.abc import Callable

import pytest

from bench.engine.rounds import fastest, interleaved, ratio


def test_contenders_take_turns_and_change_their_order() -> None:
    """Who is always measured after a hot neighbour would always look slow."""
    calls: list[str] = []

    def contender(name: str) -> Callable[[], float]:
        def measure() -> float:
            calls.append(name)
            return len(calls)

        return measure

    rates = interleaved({name: contender(name) for name in "abc"}, 3)
    assert "".join(calls) == "abccbaabc"
    assert rates == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_a_ratio_compares_within_rounds() -> None:
    """The machine halved its speed for two rounds: both medians moved, the ratio did not."""
    rates = {"ours": [20.0, 10.0, 10.0, 20.0, 5.0], "theirs": [10.0, 5.0, 5.0, 10.0, 10.0]}
    assert ratio(rates, "ours", "theirs") == 2.0


def test_rounds_must_pair_up() -> None:
    """A contender that missed a round cannot be compared."""
    with pytest.raises(ValueError, match="zip"):
        ratio({"ours": [1.0], "theirs": [1.0, 2.0]}, "ours", "theirs")


def test_the_better_peer_is_the_one_with_the_higher_median() -> None:
    """One lucky round makes nobody the fastest."""
    rates = {"a": [1.0, 1.0, 9.0], "b": [2.0, 2.0, 2.0], "c": [99.0, 99.0, 99.0]}
    assert fastest(rates, ["a", "b"]) == "b"
