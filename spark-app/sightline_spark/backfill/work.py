"""The work list: entries, the pieces they are cut into, and which runs of offsets are left. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Final, Self

# Few images a piece, and what a piece costs of itself (half a second) is all there is; many, and a kill costs more.
DEFAULT_PIECE_IMAGES: Final = 2000
_PIECE_BYTES: Final = 4 * 1024**3  # of whole files of a table: a piece of more would take too long to lose


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of the source that is classified whole.

    Of a folder: a file, `name` its path below the folder, one image. Of a table: one of its files, `images` its rows.
    Of a topic: the offsets from `begin` on, as many as `images`, of the partition `name`. `size` is in bytes and
    `modified` in Unix ms, both 0 for a topic: with another size or time the same name is another entry.
    """

    name: str
    images: int
    size: int = 0
    modified: int = 0
    begin: int = 0

    @classmethod
    def parse(cls, line: str) -> Self:
        """The entry that `to_json` wrote."""
        return cls(**json.loads(line))

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def until(self) -> int:
        """The offset after the last one."""
        return self.begin + self.images


@dataclass(frozen=True, slots=True)
class Piece:
    """What is classified and kept at once: all of it or nothing."""

    number: int
    entries: tuple[Entry, ...]

    @property
    def images(self) -> int:
        """How many images it has."""
        return sum(entry.images for entry in self.entries)

    @property
    def label(self) -> str:
        """Its number as names of files have it."""
        return f"{self.number:06d}"


def cut(entries: Iterable[Entry], most_images: int, first: int = 0) -> Iterator[Piece]:
    """Pieces in the order of `entries`, numbered from `first`; a larger entry is a piece of its own."""
    held: list[Entry] = []
    images = size = 0
    for entry in entries:
        if held and (images + entry.images > most_images or size + entry.size > _PIECE_BYTES):
            yield Piece(first, tuple(held))
            first, held, images, size = first + 1, [], 0, 0
        held.append(entry)
        images, size = images + entry.images, size + entry.size
    if held:
        yield Piece(first, tuple(held))


def limited(entries: Iterable[Entry], images: int | None) -> Iterator[Entry]:
    """The first entries, until they have `images` images or more; runs of offsets are cut to fit."""
    left = images
    for entry in entries:
        if left is not None and left <= 0:
            return
        taken = entry
        if left is not None and not entry.size and entry.images > left:
            taken = Entry(entry.name, left, begin=entry.begin)
        yield taken
        left = None if left is None else left - taken.images


def offsets_left(wanted: Iterable[Entry], known: Iterable[Entry], most: int) -> Iterator[Entry]:
    """The runs of offsets in `wanted`, one a partition, that no entry of `known` covers, none longer than `most`."""
    ordered = sorted(known, key=lambda entry: (entry.name, entry.begin))
    covered = {name: list(entries) for name, entries in groupby(ordered, key=lambda entry: entry.name)}
    for run in wanted:
        at = run.begin
        for entry in covered.get(run.name, []):
            yield from _runs(run.name, at, min(entry.begin, run.until), most)
            at = max(at, entry.until)
        yield from _runs(run.name, at, run.until, most)


def _runs(partition: str, begin: int, until: int, most: int) -> Iterator[Entry]:
    for at in range(begin, until, most):
        yield Entry(partition, min(most, until - at), begin=at)
