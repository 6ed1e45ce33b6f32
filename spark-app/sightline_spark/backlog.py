"""How far behind the query is, by Kafka's own offsets.

Spark's progress says it only for micro-batches, and nothing at all while a batch hangs or before the first one. Asking
the broker holds for both triggers, on a cluster, and when nothing moves. It costs a few small requests every 5 seconds.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafka.errors import KafkaError

from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.offsets import OffsetReader
from sightline_spark.settings import ClassifierSettings

log = logging.getLogger(__name__)

PERIOD_S: Final = 5.0  # a third of the usual scrape interval; more often would only load the broker
_STOP_S: Final = 1.0
_LONGEST_S: Final = 2.0**22  # 48 days: ages above it count as that


class Kept(NamedTuple):
    """The offsets that Kafka has of a partition: `first` up to, not including, `end`."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: `images` in all, and `most` in one partition."""

    images: int
    most: int

    @classmethod
    def of(cls, kept: Mapping[int, Kept], position: Mapping[int, int]) -> "Backlog":
        """`position` has the next offset to read; a partition that it lacks has not been read from."""
        unread = [kept[number].end - offset for number, offset in next_unread(kept, position).items()]
        return cls(sum(unread), max(unread, default=0))


def next_unread(kept: Mapping[int, Kept], position: Mapping[int, int]) -> dict[int, int]:
    """The offset of the oldest unread record that Kafka still has, by partition; without those that are read."""
    oldest = {number: max(position.get(number, 0), there.first) for number, there in kept.items()}
    return {number: offset for number, offset in oldest.items() if offset < kept[number].end}


def age_of_oldest(older_than: Callable[[float], bool]) -> float:
    """The age in seconds, to an eighth, up to which `older_than` is true; 0 below a second.

    Takes one question where nothing waits long, and one for each doubling of the age and three more where it does.
    """
    if not older_than(1.0):
        return 0.0
    age = 1.0
    while age < _LONGEST_S and older_than(2 * age):
        age *= 2
    step = age / 2
    for _ in range(3):
        age, step = (age + step if older_than(age + step) else age), step / 2
    return age


class BacklogWatch:
    """Keeps the backlog's metrics true from a thread of its own: a broker that is away delays nothing else."""

    def __init__(self, settings: ClassifierSettings, metrics: ClassifierMetrics, position: Mapping[int, int]) -> None:
        """`position` is where the query begins, the next offset by partition; empty: at the beginning."""
        self._settings = settings
        self._metrics = metrics
        self._position = dict(position)
        self._kept: Mapping[int, Kept] = {}
        self._dead_letters: int | None = None
        self._up: bool | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backlog", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that waits for a broker is left to end with the process."""
        self._stop.set()
        self._thread.join(_STOP_S)

    def moved(self, position: Mapping[int, int]) -> None:
        """The query has read up to `position`, the next offset by partition. May be called from another thread."""
        self._position = {**self._position, **position}
        self._show()

    def waiting(self) -> int | None:
        """Images that wait, as far as the last answer knows; None before the first. May be called as `moved` may."""
        kept = self._kept
        return Backlog.of(kept, self._position).images if kept else None

    def look(self, reader: OffsetReader) -> None:
        """Ask once and show the answer.

        Raises:
            KafkaError: no answer.
        """
        found = reader.read()
        self._kept = {number: Kept(*offsets) for number, offsets in found.images.items()}
        self._metrics.retention.set(found.retention_s)
        self._metrics.retention_bytes.set(found.retention_bytes)
        self._show()
        self._count(found.dead_letters)
        waiting = next_unread(self._kept, self._position)
        age = age_of_oldest(lambda age_s: reader.any_older(waiting, age_s)) if waiting else 0.0
        self._metrics.oldest_unread.set(age)

    def _show(self) -> None:
        backlog = Backlog.of(self._kept, self._position)
        self._metrics.lag.set(backlog.images)
        self._metrics.partition_lag.set(backlog.most)

    def _count(self, dead_letters: int) -> None:
        """Count by the growth of the topic; a topic that was made anew begins below what was seen."""
        if self._dead_letters is not None:
            self._metrics.dead_letters.inc(max(dead_letters - self._dead_letters, 0))
        self._dead_letters = dead_letters

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with closing(OffsetReader(self._settings)) as reader:
                    self._follow(reader)
            except (KafkaError, OSError) as error:
                self._answered(ok=False, reason=str(error))
            except Exception:
                log.exception("the backlog's watch has failed: its metrics stay as they are")
                self._metrics.kafka_up.set(0)
                return
            self._stop.wait(PERIOD_S)

    def _follow(self, reader: OffsetReader) -> None:
        while not self._stop.is_set():
            self.look(reader)
            self._answered(ok=True)
            self._stop.wait(PERIOD_S)

    def _answered(self, *, ok: bool, reason: str = "") -> None:
        """Show whether Kafka answered, and log it when that changes."""
        if not ok and self._up is not False:
            log.warning("the backlog is unknown: %s", reason)
        elif ok and self._up is False:
            log.info("the backlog is known again")
        self._up = ok
        self._metrics.kafka_up.set(ok)
