"""What a process does at its beginning."""

import gc

from sightline_common.lifecycle import settle_heap


def test_what_stays_is_left_out_of_the_search_for_cycles() -> None:
    before = gc.get_threshold()
    try:
        settle_heap()
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
