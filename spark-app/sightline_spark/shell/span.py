"""Which part of Kafka's topics the tables show: `--since`, `--from` and `--to` as values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from sightline_spark.errors import ClassifierError

_AGE: Final = re.compile(r"([0-9]+)([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_OFFSET: Final = re.compile(r"([A-Za-z0-9._-]+)(?::([0-9]+))?=([0-9]+)")
EVERY: Final = -1  # instead of a partition's number: all partitions of the topic that no other entry names


@dataclass(frozen=True, slots=True)
class Edge:
    """One end: a time in Unix ms, offsets by topic and partition (or EVERY), both, or neither: the topic's own end."""

    time_ms: int | None = None
    offsets: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """From what stood on the command line: times as 2026-11-23T14:30, offsets as results=100 or results:0=100.

        Raises:
            ClassifierError: a text is neither, or there is a second time.
        """
        time_ms, offsets = None, dict[str, dict[int, int]]()
        for text in (part.strip() for joined in texts for part in joined.split(",")):
            match = _OFFSET.fullmatch(text)
            if match is not None:
                partition = EVERY if match[2] is None else int(match[2])
                offsets.setdefault(match[1], {})[partition] = int(match[3])
            elif time_ms is None:
                time_ms = _time(text)
            else:
                raise ClassifierError(f"{text}: a second time beside {', '.join(texts)}")
        return cls(time_ms, offsets)


@dataclass(frozen=True, slots=True)
class Span:
    """Records from `start` on, up to and without `end`."""

    start: Edge = Edge()
    end: Edge = Edge()

    def __post_init__(self) -> None:
        if self.start.time_ms is not None and self.end.time_ms is not None and self.start.time_ms >= self.end.time_ms:
            raise ClassifierError("the beginning is not before the end")

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Span()


def since(age: str, now: datetime) -> Edge:
    """The time that was `age` ago: 90s, 15m, 1h, 2d.

    Raises:
        ClassifierError: it is none.
    """
    match = _AGE.fullmatch(age)
    if match is None:
        raise ClassifierError(f"{age} is no age: write 90s, 15m, 1h or 2d")
    return Edge(int((now.timestamp() - int(match[1]) * _SECONDS[match[2]]) * 1000))


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClassifierError(
            f"{text} is neither a time (2026-11-23T14:30, UTC where it names no zone) nor an offset (results=100,"
            " results:0=100)"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
