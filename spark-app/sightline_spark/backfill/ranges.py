"""Ranges of a topic as people write them: offsets, times, or how long ago. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from sightline_spark.backfill.work import Entry

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_OFFSETS: Final = re.compile(r"[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*")
WAYS: Final = (
    "earliest, latest, a time (2026-11-23T10:00, UTC where it names no zone), how long ago (90m, 12h, 7d) or"
    " an offset for each partition (0:1000,1:950)"
)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range: a word (earliest, latest), a time in Unix ms, or an offset for each partition."""

    word: str | None = None
    time_ms: int | None = None
    by_partition: Mapping[int, int] | None = None

    @classmethod
    def parse(cls, text: str, now: float) -> Self:
        """What `text` means at `now`, Unix time in seconds.

        Raises:
            ValueError: it is none of the ways.
        """
        ago = _AGO.fullmatch(text)
        if text in ("earliest", "latest"):
            return cls(word=text)
        if ago is not None:
            return cls(time_ms=int((now - int(ago[1]) * _SECONDS[ago[2]]) * 1000))
        if _OFFSETS.fullmatch(text):
            pairs = [pair.split(":") for pair in text.split(",")]
            return cls(by_partition={int(partition): int(offset) for partition, offset in pairs})
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is none of {WAYS}") from error
        return cls(time_ms=int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000))

    def offsets(self, first: Mapping[int, int], end: Mapping[int, int], found: Mapping[int, int]) -> dict[int, int]:
        """The offset by partition, between `first` and `end`; a partition without an offset is left out: its `end`.

        `found` has the first offset at or after the time; -1: nothing came since.
        """
        wanted: Mapping[int, int] = end
        if self.word == "earliest":
            wanted = first
        elif self.time_ms is not None:
            wanted = {number: end[number] if at < 0 else at for number, at in found.items()}
        elif self.by_partition is not None:
            wanted = {number: self.by_partition.get(number, end[number]) for number in end}
        return {number: min(max(wanted[number], first[number]), end[number]) for number in end}


def assignments(topic: str, entries: Iterable[Entry]) -> Iterator[dict[str, str]]:
    """Spark's options assign, startingOffsets and endingOffsets for runs of offsets of a topic.

    One reading takes one run of a partition, so further runs are further readings.
    """
    waiting = list(entries)
    while waiting:
        taken: dict[str, Entry] = {}
        later = []
        for entry in waiting:
            if entry.name in taken:
                later.append(entry)
            else:
                taken[entry.name] = entry
        waiting = later
        yield {
            "assign": json.dumps({topic: [int(name) for name in taken]}),
            "startingOffsets": json.dumps({topic: {name: entry.begin for name, entry in taken.items()}}),
            "endingOffsets": json.dumps({topic: {name: entry.until for name, entry in taken.items()}}),
        }
