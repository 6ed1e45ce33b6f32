"""The view's tables: retention, damage, versions and folders."""

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sightline_contracts.results import encode_result
from sightline_gateway.view.folder import FolderInUse, claim
from sightline_gateway.view.positions import Positions
from sightline_gateway.view.store import Arrival, Pending, Store
from tests.unit.gateway.test_results import results


def fill(store: Store, count: int, partition: int = 0) -> list[str]:
    """Store `count` new results in a partition; returns their ids."""
    first = store.next_offsets()[partition]
    made = [Arrival(partition, first + index, result) for index, result in enumerate(results(count))]
    store.apply(made, {partition: first + count})
    return [arrival.result.id for arrival in made]


def test_rows_and_positions_go_together_or_not_at_all(store: Store) -> None:
    """A batch that fails half-way must leave neither its first rows nor the new positions."""
    good, bad = results(2)
    broken = replace(bad, classified_at=2**70)  # SQLite takes no such integer
    with pytest.raises(OverflowError):
        store.apply([Arrival(0, 0, good), Arrival(0, 1, broken)], {0: 2})
    assert store.next_offsets() == {0: 0, 1: 0}
    assert store.find(good.id) is None
    (stored,) = store.apply([Arrival(0, 0, good)], {0: 1})
    assert (stored.seq, stored.document, store.rows) == (1, encode_result(good), 1)


def test_the_oldest_results_go_first_when_there_are_too_many(store: Store) -> None:
    ids = fill(store, 30)
    while store.trim(10, 3600):
        pass
    assert [store.find(image_id) is not None for image_id in ids] == [False] * 20 + [True] * 10
    assert store.rows == 10
    assert store.next_offsets()[0] == 30


def test_an_image_whose_result_came_first_is_not_noted_as_pending(store: Store) -> None:
    """The classifier can be faster than our own note of the image; the note would then stay for days."""
    (done,) = fill(store, 1)
    store.add_pending([Pending(done, None, 1), Pending("waits", None, 1)])
    assert store.find_pending(done) is None
    assert store.find_pending("waits") is not None


def test_the_oldest_pending_images_go_first_when_there_are_too_many(store: Store) -> None:
    now = time.time_ns() // 1_000_000
    store.add_pending([Pending(str(age), None, now - age) for age in range(8)])
    while store.trim(5, 3600):
        pass
    assert [age for age in range(8) if store.find_pending(str(age))] == [0, 1, 2, 3, 4]


def test_results_and_pending_images_go_when_they_are_old(store: Store) -> None:
    (old,) = fill(store, 1)
    store.add_pending([Pending("waits", None, time.time_ns() // 1_000_000 - 10_000), Pending("new", None, 2**50)])
    assert store.trim(1_000, 3600) == 0
    time.sleep(0.002)
    assert store.trim(1_000, 0.001) == 2
    assert store.find(old) is None
    assert store.find_pending("waits") is None
    assert store.find_pending("new") is not None


def test_a_new_life_of_the_topic_keeps_results_and_forgets_positions(store: Store) -> None:
    (old,) = fill(store, 1)
    store.restart("bbbbbbbb", {0: 5, 1: 0, 2: 0})
    assert store.next_offsets() == {0: 5, 1: 0, 2: 0}
    assert store.find(old) is not None
    assert store.after(Positions({}), (0, 10**9), 10) == []
    (new,) = fill(store, 1)
    assert [result.id for result in store.after(Positions({}), (0, 10**9), 10)] == [new]


def test_a_reader_gets_what_it_lacks_of_each_partition(store: Store) -> None:
    zero, one = fill(store, 3, 0), fill(store, 3, 1)
    zero += fill(store, 1, 0)
    found = store.after(Positions({0: 1, 1: 2}), (0, 10**9), 10)
    assert [result.id for result in found] == [zero[2], zero[3]]
    found = store.after(Positions({0: 3}), (0, 10**9), 10)
    assert [result.id for result in found] == one


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite3").write_bytes(b"this is no database, " * 500)
    store = Store(tmp_path)
    assert (store.rows, store.topic, store.next_offsets()) == (0, "", {})
    store.close()


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.restart("aaaaaaaa", {0: 0})
    fill(store, 1)
    store.close()
    with sqlite3.connect(tmp_path / "results.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = Store(tmp_path)
    assert (store.rows, store.topic) == (0, "")
    store.close()


def test_a_file_that_is_only_locked_is_not_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
    other = connect(tmp_path / "results.sqlite3")
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        Store(tmp_path)
    other.close()
    assert (tmp_path / "results.sqlite3").exists()


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    with claim(tmp_path / "state"), pytest.raises(FolderInUse, match="SIGHTLINE_GATEWAY_STATE_DIR"):
        claim(tmp_path / "state")
    claim(tmp_path / "state").close()


def test_thousands_of_results_a_second_are_stored(store: Store) -> None:
    """In one transaction: a commit for each row would be one wait for the disk for each."""
    made = [Arrival(0, index, result) for index, result in enumerate(results(2_000))]
    said: list[str] = []
    store._writer.set_trace_callback(said.append)
    store.apply(made, {0: 2_000})
    assert [statement for statement in said if statement == "COMMIT"] == ["COMMIT"]
    assert store.rows == 2_000
