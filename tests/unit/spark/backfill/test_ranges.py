"""How people write a range of a topic, and which offsets it is."""

import json
import time
from datetime import UTC, datetime

import pytest

from sightline_spark.backfill.ranges import Bound, assignments
from sightline_spark.backfill.work import Entry

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()
FIRST, END = {0: 10, 1: 0}, {0: 100, 1: 50}


def test_how_long_ago() -> None:
    assert Bound.parse("90m", NOW).time_ms == int((NOW - 5400) * 1000)
    assert Bound.parse("2d", NOW).time_ms == int((NOW - 172_800) * 1000)


def test_a_time_is_utc_unless_it_names_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the shell: a range that was tried there is the same one here, wherever the machine is."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert Bound.parse("2026-11-23T12:00", NOW).time_ms == int(NOW * 1000)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert Bound.parse("2026-11-23T12:00:00+00:00", NOW).time_ms == int(NOW * 1000)
    assert Bound.parse("2026-11-23T14:00+02:00", NOW).time_ms == int(NOW * 1000)


@pytest.mark.parametrize("text", ["", "yesterday", "0:", "0:1,", "5x", "-1h", "2026-13-01", "0:-1"])
def test_nonsense_names_the_ways(text: str) -> None:
    with pytest.raises(ValueError, match="is none of earliest, latest, a time"):
        Bound.parse(text, NOW)


def test_words_and_offsets_stay_within_what_there_is() -> None:
    assert Bound.parse("earliest", NOW).offsets(FIRST, END, {}) == FIRST
    assert Bound.parse("latest", NOW).offsets(FIRST, END, {}) == END
    assert Bound.parse("0:5,1:70", NOW).offsets(FIRST, END, {}) == {0: 10, 1: 50}
    assert Bound.parse("0:20", NOW).offsets(FIRST, END, {}) == {0: 20, 1: 50}


def test_a_time_after_which_nothing_came_is_the_end() -> None:
    assert Bound.parse("1h", NOW).offsets(FIRST, END, {0: 42, 1: -1}) == {0: 42, 1: 50}


def test_runs_of_one_partition_are_read_apart() -> None:
    entries = [Entry("0", 5, begin=10), Entry("1", 7, begin=0), Entry("0", 5, begin=40)]
    first, second = assignments("images", entries)
    assert json.loads(first["assign"]) == {"images": [0, 1]}
    assert json.loads(first["startingOffsets"]) == {"images": {"0": 10, "1": 0}}
    assert json.loads(first["endingOffsets"]) == {"images": {"0": 15, "1": 7}}
    assert json.loads(second["endingOffsets"]) == {"images": {"0": 45}}
