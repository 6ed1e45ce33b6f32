"""The bounds on connections, in all and of one sender."""

from sightline_common.connections import ConnectionCounts, Full


def test_the_total_is_bounded_and_a_place_that_frees_is_used() -> None:
    counts = ConnectionCounts(2, 2)
    assert [counts.admit(address) for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3")] == [None, None, Full.ALL]
    counts.leave("10.0.0.1")
    assert counts.admit("10.0.0.3") is None
    assert len(counts) == 2


def test_one_sender_leaves_room_for_others() -> None:
    counts = ConnectionCounts(4, 1)
    assert counts.admit("10.0.0.1") is None
    assert counts.admit("::ffff:10.0.0.1") is Full.ONE_SENDER
    assert counts.admit("10.0.0.2") is None
    assert counts.admit("2001:db8:1:2::1") is None
    assert counts.admit("2001:db8:1:2::2") is Full.ONE_SENDER
    counts.leave("10.0.0.1")
    assert counts.admit("10.0.0.1") is None


def test_only_the_total_bounds_those_who_bring_many() -> None:
    counts = ConnectionCounts(3, 1, ["10.0.0.0/8"])
    assert [counts.admit("10.0.0.1") for _ in range(4)] == [None, None, None, Full.ALL]
