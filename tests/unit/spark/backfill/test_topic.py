"""Which offsets of the image topic a backfill takes, and how Spark is asked for them."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from sightline_spark.backfill import topic
from sightline_spark.backfill.errors import Refused
from sightline_spark.backfill.topic import TopicState, assignments, at_edge
from sightline_spark.backfill.work import Entry
from sightline_spark.settings import ClassifierSettings
from sightline_spark.span import Edge, Span

ENDS = {0: (10, 100), 1: (0, 50)}


def edge(text: str) -> Edge:
    return Edge.parse([text], datetime(2026, 11, 23, 12, tzinfo=UTC), "earliest")


def test_offsets_stay_within_what_there_is_and_partitions_that_are_not_named_are_left_whole() -> None:
    assert at_edge(edge("images:0=5,images:1=70"), "images", ENDS, {}) == {0: 10, 1: 50}
    assert at_edge(edge("images:0=20"), "images", ENDS, {}) == {0: 20}
    assert at_edge(edge("images=20"), "images", ENDS, {}) == {0: 20, 1: 20}
    assert at_edge(Edge(), "images", ENDS, {}) == {}


def test_a_time_after_which_nothing_came_is_the_end() -> None:
    assert at_edge(edge("1h"), "images", ENDS, {0: 42, 1: -1}) == {0: 42, 1: 50}


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (["results:0=1"], [], "offsets of results: it is none of the topics images"),
        (["images:7=1"], [], "topic images has partitions 0 to 1, not 7"),
        ([], ["images:7=1"], "topic images has partitions 0 to 1, not 7"),
    ],
)
def test_a_range_of_what_the_topic_has_not_makes_no_sense(
    monkeypatch: pytest.MonkeyPatch, start: list[str], end: list[str], problem: str
) -> None:
    """It ended with status 1, as if the same command could go on later."""
    monkeypatch.setattr(topic, "asking", lambda *_: nullcontext((None, [{"topic_id": "a"}])))
    monkeypatch.setattr(topic, "ends_of", lambda *_: ENDS)
    with pytest.raises(Refused, match=problem):
        TopicState.read(ClassifierSettings(), Span.parse(start, end))


def test_runs_of_one_partition_are_read_apart() -> None:
    entries = [Entry("0", 5, begin=10), Entry("1", 7, begin=0), Entry("0", 5, begin=40)]
    first, second = assignments("images", entries)
    assert json.loads(first["assign"]) == {"images": [0, 1]}
    assert json.loads(first["startingOffsets"]) == {"images": {"0": 10, "1": 0}}
    assert json.loads(first["endingOffsets"]) == {"images": {"0": 15, "1": 7}}
    assert json.loads(second["endingOffsets"]) == {"images": {"0": 45}}
