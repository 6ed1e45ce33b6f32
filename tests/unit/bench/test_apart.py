"""A run of many parts: none can cost the others their figures."""

import sys

import pytest

from bench.engine.apart import LATE, in_turn


@pytest.mark.process
def test_a_part_that_fails_or_hangs_does_not_keep_the_next_from_running() -> None:
    """The first broken part used to end the run, an hour of measuring with it."""
    codes = {
        "missed": "raise SystemExit(3)",
        "broken": "1 / 0",
        "hanging": "import time; time.sleep(600)",
        "whole": "",
    }
    programs = {name: [sys.executable, "-c", code] for name, code in codes.items()}
    assert in_turn(programs, 2.0) == {"missed": 3, "broken": 1, "hanging": LATE, "whole": 0}
