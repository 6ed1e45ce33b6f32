"""The work list: what is cut how, and which offsets are left."""

import pytest

from sightline_spark.backfill.errors import Refused
from sightline_spark.backfill.ledger import agreed
from sightline_spark.backfill.work import Entry, Piece, cut, limited, offsets_left


def files(*sizes: int) -> list[Entry]:
    return [Entry(f"{number}.png", 1, size) for number, size in enumerate(sizes)]


def test_an_entry_reads_back() -> None:
    entry = Entry('a b/"ü"\n.png', 1, 2, 3)
    assert "\n" not in entry.to_json()
    assert Entry.parse(entry.to_json()) == entry


def test_pieces_have_at_most_so_many_images_and_all_entries_in_order() -> None:
    entries = files(1, 1, 1, 1, 1)
    pieces = list(cut(entries, 2, first=7))
    assert [piece.number for piece in pieces] == [7, 8, 9]
    assert [piece.images for piece in pieces] == [2, 2, 1]
    assert [entry for piece in pieces for entry in piece.entries] == entries
    assert pieces[0].label == "000007"


def test_a_larger_entry_is_a_piece_of_its_own() -> None:
    small, large = Entry("small", 3, 10), Entry("large", 100, 10)
    assert list(cut([small, large, small], 10)) == [Piece(0, (small,)), Piece(1, (large,)), Piece(2, (small,))]


def test_a_piece_holds_no_more_bytes_than_are_read_in_reasonable_time() -> None:
    assert [len(piece.entries) for piece in cut(files(3 << 30, 1 << 30, 1 << 30), 1000)] == [2, 1]


def test_nothing_is_no_piece() -> None:
    assert list(cut([], 10)) == []


def test_a_limit_takes_the_first_and_whole_files() -> None:
    table = [Entry("a", 5, 1), Entry("b", 5, 1), Entry("c", 5, 1)]
    assert list(limited(table, 6)) == table[:2]
    assert list(limited(table, None)) == table
    assert list(limited(table, 0)) == []


def test_a_limit_cuts_a_run_of_offsets() -> None:
    assert list(limited([Entry("0", 5, begin=10), Entry("1", 5)], 7)) == [Entry("0", 5, begin=10), Entry("1", 2)]


def test_offsets_that_are_known_are_not_left() -> None:
    wanted = [Entry("0", 100, begin=0), Entry("1", 10, begin=5)]
    known = [Entry("0", 10, begin=40), Entry("0", 20, begin=10), Entry("0", 50, begin=90), Entry("2", 9)]
    assert list(offsets_left(wanted, known, 35)) == [
        Entry("0", 10, begin=0),
        Entry("0", 10, begin=30),
        Entry("0", 35, begin=50),
        Entry("0", 5, begin=85),
        Entry("1", 10, begin=5),
    ]


def test_overlapping_known_runs_are_one() -> None:
    known = [Entry("0", 50, begin=0), Entry("0", 10, begin=20), Entry("0", 10, begin=60)]
    assert list(offsets_left([Entry("0", 100, begin=0)], known, 100)) == [
        Entry("0", 10, begin=50),
        Entry("0", 30, begin=70),
    ]


def test_a_later_run_keeps_the_version_that_the_first_began_with() -> None:
    found = {"source": "file:/photos", "model": "digits-lenet@1"}
    assert agreed({"source": "file:/photos", "model": "digits-lenet"}, found, "out") == found
    assert agreed({"source": "file:/photos", "model": "digits-lenet"}, None, "out")["model"] == "digits-lenet"


def test_another_backfill_in_the_same_place_is_refused_by_name() -> None:
    found = {"source": "file:/photos", "model": "digits-lenet@1"}
    with pytest.raises(Refused, match=r"out holds another backfill, of model digits-lenet@1 \(now digits-lenet@2\)"):
        agreed({"source": "file:/photos", "model": "digits-lenet@2"}, found, "out")
    with pytest.raises(Refused, match=r"source file:/photos \(now file:/more\): choose another place"):
        agreed({"source": "file:/more", "model": "digits-lenet"}, found, "out")
