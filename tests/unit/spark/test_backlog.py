"""How far behind the query is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from sightline_spark.backlog import Backlog, BacklogWatch, Kept, age_of_oldest, next_unread
from sightline_spark.metrics import ClassifierMetrics
from sightline_spark.offsets import OffsetReader, Offsets
from sightline_spark.settings import ClassifierSettings


@dataclass
class FakeReader:
    """Kafka as it was set: offsets by partition, and the age in seconds of every unread record."""

    images: dict[int, tuple[int, int]]
    dead_letters: int = 0
    age_s: float = 0.0
    asked: list[Mapping[int, int]] = field(default_factory=list)

    def read(self) -> Offsets:
        return Offsets(self.images, self.dead_letters, 86_400.0, 1e9)

    def any_older(self, positions: Mapping[int, int], age_s: float) -> bool:
        self.asked.append(positions)
        return self.age_s > age_s


class Watched:
    """A watch without its thread."""

    def __init__(self, position: Mapping[int, int], reader: FakeReader) -> None:
        self.registry = CollectorRegistry()
        self.watch = BacklogWatch(ClassifierSettings(), ClassifierMetrics(self.registry), position)
        self.reader = reader
        self.look()

    def look(self) -> None:
        self.watch.look(cast("OffsetReader", self.reader))

    def value(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"sightline_classifier_{name}")


def test_a_partition_that_was_never_read_waits_whole() -> None:
    assert Backlog.of({0: Kept(0, 10), 1: Kept(40, 50)}, {1: 45}) == Backlog(images=15, most=10)


def test_what_kafka_deleted_unread_no_longer_waits() -> None:
    kept = {0: Kept(100, 160)}

    assert Backlog.of(kept, {0: 30}) == Backlog(images=60, most=60)
    assert next_unread(kept, {0: 30}) == {0: 100}


def test_nothing_waits_in_topics_that_are_empty_or_read_to_their_end() -> None:
    assert Backlog.of({0: Kept(0, 0), 1: Kept(3, 9)}, {1: 9}) == Backlog(images=0, most=0)
    assert Backlog.of({}, {}) == Backlog(images=0, most=0)


def test_most_is_of_the_worst_partition() -> None:
    assert Backlog.of({0: Kept(0, 100), 1: Kept(0, 100)}, {0: 90, 1: 25}) == Backlog(images=85, most=75)


@pytest.mark.parametrize("age_s", [0.0, 0.9, 1.5, 7.0, 61.0, 3_000.0, 86_000.0, 2_000_000.0])
def test_the_age_is_found_to_an_eighth(age_s: float) -> None:
    questions = 0

    def older_than(limit_s: float) -> bool:
        nonlocal questions
        questions += 1
        return age_s > limit_s

    found = age_of_oldest(older_than)

    assert found == 0 if age_s <= 1 else found <= age_s <= found * 1.125
    assert questions <= 25


def test_an_age_without_end_is_an_age() -> None:
    assert age_of_oldest(lambda _: True) >= 2**22


def test_a_look_shows_what_waits_since_when_and_for_how_long_kafka_keeps_it() -> None:
    watched = Watched({0: 70}, FakeReader({0: (50, 100), 1: (0, 0)}, age_s=600.0))

    assert (watched.value("lag_records"), watched.value("lag_partition_records")) == (30, 30)
    assert watched.watch.waiting() == 30
    assert watched.value("retention_bytes") == 1e9
    assert 533 <= (watched.value("oldest_unread_seconds") or 0) <= 600
    assert watched.value("retention_seconds") == 86_400
    assert watched.reader.asked[0] == {0: 70}, "only what waits is asked for"


def test_progress_counts_at_once_and_an_empty_backlog_has_no_age() -> None:
    watched = Watched({0: 70}, FakeReader({0: (50, 100)}, age_s=600.0))

    watched.watch.moved({0: 100})
    assert watched.value("lag_records") == 0
    assert watched.watch.waiting() == 0
    watched.look()
    assert watched.value("oldest_unread_seconds") == 0


def test_dead_letters_count_from_the_first_look_and_a_new_topic_takes_none_back() -> None:
    watched = Watched({}, FakeReader({}, dead_letters=100))
    counts = [watched.value("dead_letters_total")]
    for length in (103, 0, 2):
        watched.reader.dead_letters = length
        watched.look()
        counts.append(watched.value("dead_letters_total"))

    assert counts == [0, 3, 3, 5]


def test_what_waits_is_unknown_before_kafka_has_answered() -> None:
    assert BacklogWatch(ClassifierSettings(), ClassifierMetrics(CollectorRegistry()), {0: 7}).waiting() is None
