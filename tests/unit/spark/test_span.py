"""Parts of topics as they are typed, for the shell and the backfill, and as Spark's Kafka source takes them."""

import json
import time
from datetime import UTC, datetime

import pytest

from sightline_spark.errors import ClassifierError
from sightline_spark.shell.topics import source_range
from sightline_spark.span import EVERY, WHOLE, Edge, Span, SpanError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOON = int(NOW.timestamp() * 1000)
ENDS = {0: (10, 100), 1: (0, 50)}


@pytest.mark.parametrize("text", ["2026-11-23T12:00", "2026-11-23T12:00:00Z", "2026-11-23T13:00+01:00"])
def test_a_time_is_utc_unless_it_names_a_zone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine is."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert Edge.parse([text], NOW, "earliest") == Edge(NOON)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_offsets_are_of_one_partition_or_of_all() -> None:
    assert Edge.parse(["results:1=7,images=20"], NOW, "earliest").offsets == {"results": {1: 7}, "images": {EVERY: 20}}


@pytest.mark.parametrize(
    "text",
    ["yesterday", "results:x=1", "results=-1", "", "2026-13-01", "1", "h", "-1h", "1.5h", "5x", "0:1", "0:1,"],
)
def test_what_is_neither_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ClassifierError, match="is none of the ways to write it: a time"):
        Edge.parse([text], NOW, "earliest")


def test_two_times_for_one_end_are_refused() -> None:
    with pytest.raises(ClassifierError, match="a second time"):
        Edge.parse(["2026-11-23", "24h"], NOW, "earliest")


@pytest.mark.parametrize("texts", [["earliest", "1h"], ["1h", "earliest"], ["earliest,1h"]])
def test_the_topics_own_end_beside_a_time_is_refused_as_a_second_one(texts: list[str]) -> None:
    """The word was dropped in silence, and whoever wanted all of the topic got its last hour."""
    with pytest.raises(SpanError, match="a second time"):
        Span.parse(texts, [])


def test_the_topics_own_end_beside_offsets_is_of_the_other_partitions() -> None:
    """Joined by a comma it was none of the ways to write it."""
    span = Span.parse(["earliest,images:0=5"], ["images=9", "latest"])
    assert span == Span(Edge(None, {"images": {0: 5}}), Edge(None, {"images": {EVERY: 9}}))


def test_the_topics_own_ends_have_names_where_they_are() -> None:
    """Elsewhere they leave nothing."""
    assert Span.parse(["earliest"], ["latest"]) == Span.parse([], []) == WHOLE
    for start, end in ((["latest"], []), ([], ["earliest"])):
        with pytest.raises(ClassifierError, match="is none of the ways"):
            Span.parse(start, end)


@pytest.mark.parametrize(
    ("age", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800), ("1w", 604_800)]
)
def test_an_age_counts_back_from_now(age: str, seconds: int) -> None:
    assert Edge.parse([age], NOW, "earliest") == Edge(NOON - seconds * 1000)


def test_offsets_of_a_topic_that_is_not_meant_are_refused() -> None:
    span = Span.parse(["results:0=1"], [])
    span.refuse_others(["images", "results"])
    with pytest.raises(ClassifierError, match="offsets of results: it is none of the topics images"):
        span.refuse_others(["images"])


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(ClassifierError, match="not before the end"):
        Span(Edge(NOON), Edge(NOON))


def test_the_whole_topic_is_the_default() -> None:
    assert source_range("results", Span(), {}) == {"startingOffsets": "earliest", "endingOffsets": "latest"}


def test_a_time_nothing_came_after_is_no_error() -> None:
    options = source_range("results", Span(Edge(NOON), Edge(NOON + 1)), {})
    assert options["startingTimestamp"] == str(NOON)
    assert options["startingOffsetsByTimestampStrategy"] == "latest"
    assert options["endingTimestamp"] == str(NOON + 1)


def test_unnamed_partitions_are_whole_and_offsets_beyond_an_end_are_that_end() -> None:
    span = Span.parse(["results:0=3"], ["results=70"])
    options = source_range("results", span, ENDS)
    assert json.loads(options["startingOffsets"]) == {"results": {"0": 10, "1": -2}}
    assert json.loads(options["endingOffsets"]) == {"results": {"0": 70, "1": 50}}


def test_offsets_of_a_topic_come_before_a_time_for_all() -> None:
    span = Span(Edge(NOON, {"results": {EVERY: 20}}))
    assert "startingTimestamp" not in source_range("results", span, ENDS)
    assert source_range("images", span, {})["startingTimestamp"] == str(NOON)


def test_a_partition_that_is_not_there_is_named() -> None:
    with pytest.raises(ClassifierError, match="partitions 0 to 1, not 7"):
        source_range("results", Span(Edge(None, {"results": {7: 1}})), ENDS)
