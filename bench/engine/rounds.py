"""Rounds that take turns, and what they say: the machine is shared, so contenders are compared round by round."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

Rates = dict[str, list[float]]
Measured = TypeVar("Measured")


def interleaved(contenders: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """What each contender measures in each round; every other round goes in reverse, so that none is always last."""
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            measured[name].append(contenders[name]())
        order.reverse()
    return measured


def ratio(rates: Rates, ours: str, theirs: str) -> float:
    """How many times faster `ours` is: the median over the rounds of the two rates of one round."""
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return median(mine / other for mine, other in pairs)


def fastest(rates: Rates, among: list[str]) -> str:
    """The contender with the highest median rate. Raises ValueError when there is none."""
    return max(among, key=lambda name: median(rates[name]))
