"""Strangers cause at most one line a second, and none is hidden: the next line counts those that were left out."""

import logging

import pytest

from sightline_common.paced_log import PacedLog


def test_one_line_a_second_and_the_next_says_how_many_were_left_out(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    paced = PacedLog(logging.getLogger("test"), clock=lambda: now[0])
    for _ in range(500):
        now[0] += 0.01
        paced.write(logging.WARNING, "refused: 100 % full", {"peer": "10.0.0.1"})
    assert 5 <= len(caplog.records) <= 6
    first, second = caplog.records[:2]
    assert first.getMessage() == "refused: 100 % full"
    assert not hasattr(first, "left_out")
    assert vars(second)["left_out"] == 99
    assert vars(second)["peer"] == "10.0.0.1"
