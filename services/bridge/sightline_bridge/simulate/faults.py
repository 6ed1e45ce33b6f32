"""What goes wrong on purpose: how often, by which dice, and how often it did."""

import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import final


class Fault(StrEnum):
    """What can go wrong; as the report calls it."""

    CUT = "cut"
    DELAYED = "delayed"
    CORRUPTED = "corrupted"
    DROPPED = "dropped"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely each fault is, from 0 to 1: `cut`, `delay` and `corrupt` for a frame, the others for a datagram.

    `delay_s`: the pause in the middle of a delayed frame.
    """

    cut: float = 0.0
    delay: float = 0.0
    corrupt: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_s: float = 1.0

    @property
    def of_datagrams(self) -> bool:
        """Whether anything can happen to a single datagram."""
        return any((self.corrupt, self.drop, self.duplicate, self.reorder))


@final
class Dice:
    """The faults of one sender: the same ones for the same `seed`."""

    def __init__(self, chances: Chances, seed: int) -> None:
        self.chances = chances
        self.thrown: Counter[Fault] = Counter()
        self._random = random.Random(seed)  # noqa: S311 -- no secrets, but the same faults again

    def throw(self, fault: Fault, chance: float) -> bool:
        """Whether it happens now; counts it if so."""
        if chance <= 0 or self._random.random() >= chance:
            return False
        self.thrown[fault] += 1
        return True

    def corrupted(self, wire: bytes) -> bytes:
        """`wire`, perhaps with one bit changed."""
        if not self.throw(Fault.CORRUPTED, self.chances.corrupt):
            return wire
        bit = self._random.randrange(8 * len(wire))
        changed = bytearray(wire)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    def place(self, length: int) -> int:
        """Somewhere inside `length` bytes: not at their beginning, nor at their end."""
        return self._random.randrange(1, length) if length > 1 else 0
