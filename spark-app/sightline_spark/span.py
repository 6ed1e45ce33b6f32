"""A part of Kafka's topics as people write it: times, ages and offsets. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from sightline_spark.errors import ClassifierError

_AGE: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_OFFSET: Final = re.compile(r"([A-Za-z0-9._-]+)(?::([0-9]{1,9}))?=([0-9]{1,18})")
WAYS: Final = (
    "a time (2026-11-23T14:30, UTC where it names no zone), how long ago (90s, 15m, 1h, 7d), offsets (images=100 in all"
    " partitions, images:0=100,images:1=95 by partition) or the topic's own end (earliest to begin with, latest to end"
    " with)"
)
EVERY: Final = -1  # instead of a partition's number: all partitions of the topic that no other entry names


class SpanError(ClassifierError):
    """What was written is no part of the topics."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One end: a time in Unix ms, offsets by topic and partition (or EVERY), both, or neither: the topic's own end."""

    time_ms: int | None = None
    offsets: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Sequence[str], now: datetime, own: str) -> Self:
        """From what stood on the command line, each one of `WAYS`, or several joined by commas.

        Args:
            texts: none of them is the topic's own end, too.
            now: ages count back from it.
            own: what the topic's own end is called on this side.

        Raises:
            SpanError: a text is none of them, or there is a second time, for which `own` counts.
        """
        time, time_ms = None, None
        offsets = dict[str, dict[int, int]]()
        for text in (part.strip() for joined in texts for part in joined.split(",")):
            match = _OFFSET.fullmatch(text)
            if match is not None:
                partition = EVERY if match[2] is None else int(match[2])
                offsets.setdefault(match[1], {})[partition] = int(match[3])
            elif time is None:
                time, time_ms = text, None if text == own else _time(text, now)
            else:
                raise SpanError(f"{text}: a second time beside {time}")
        return cls(time_ms, offsets)

    def within(self, topic: str, ends: Mapping[int, tuple[int, int]]) -> dict[int, int]:
        """The offsets in `topic` by partition, those alone that are asked for; beyond an end it is that end.

        Args:
            topic: its name.
            ends: first and next offset of each of its partitions.

        Raises:
            SpanError: the topic has no such partition.
        """
        asked = self.offsets.get(topic, {})
        unknown = sorted(set(asked) - set(ends) - {EVERY})
        if unknown:
            raise SpanError(f"topic {topic} has partitions 0 to {len(ends) - 1}, not {unknown[0]}")
        named = {number: asked.get(number, asked.get(EVERY)) for number in sorted(ends)}
        return {
            number: min(max(offset, ends[number][0]), ends[number][1])
            for number, offset in named.items()
            if offset is not None
        }


@dataclass(frozen=True, slots=True)
class Span:
    """Records from `start` on, up to and without `end`."""

    start: Edge = Edge()
    end: Edge = Edge()

    def __post_init__(self) -> None:
        if self.start.time_ms is not None and self.end.time_ms is not None and self.start.time_ms >= self.end.time_ms:
            raise SpanError("the beginning is not before the end")

    @classmethod
    def parse(cls, start: Sequence[str], end: Sequence[str]) -> Self:
        """From what stood behind `--from` or `--since`, and behind `--to`; nothing is the topic's own end.

        Raises:
            SpanError: it is no span.
        """
        now = datetime.now(UTC)
        return cls(Edge.parse(start, now, "earliest"), Edge.parse(end, now, "latest"))

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self == WHOLE

    def refuse_others(self, topics: Sequence[str]) -> None:
        """Offsets are of these topics.

        Raises:
            SpanError: one is of another topic.
        """
        for name in (*self.start.offsets, *self.end.offsets):
            if name not in topics:
                raise SpanError(f"offsets of {name}: it is none of the topics {', '.join(topics)}")


WHOLE: Final = Span()


def _time(text: str, now: datetime) -> int:
    age = _AGE.fullmatch(text)
    if age is not None:
        return int((now.timestamp() - int(age[1]) * _SECONDS[age[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SpanError(f"{text!r} is none of the ways to write it: {WAYS}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
