"""The waits between attempts: longer each time, never all of the same length, and never beyond the last."""

from sightline_bridge.back_off import BackOff


def test_waits_double_up_to_the_last_and_lose_up_to_half() -> None:
    waits = BackOff(1, 8)
    for full in (1, 2, 4, 8, 8, 8):
        assert full / 2 <= waits.next_s() <= full


def test_two_that_failed_together_come_back_apart() -> None:
    one, other = BackOff(1, 8), BackOff(1, 8)
    assert [one.next_s() for _ in range(5)] != [other.next_s() for _ in range(5)]


def test_after_a_success_it_begins_anew() -> None:
    waits = BackOff(1, 8)
    for _ in range(5):
        waits.next_s()
    waits.reset()
    assert waits.next_s() <= 1
