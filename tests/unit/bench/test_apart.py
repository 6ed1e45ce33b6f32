"""A run of many parts: none can cost the others their figures."""

import sys

import pytest

from bench.engine.apart import LATE, in_turn


@pytest.mark.process
def test_a_part_that_fails_or_hangs_does_not_keep_the_next_from_running() -> None:
    """The first broken part used to end the run, an hour of measuring with it."""
    codes = {"missed": "raise SystemExit(3)", "broken": "1 / 0", "whole": ""}
    assert in_turn({name: python(code) for name, code in codes.items()}, 60.0) == {"missed": 3, "broken": 1, "whole": 0}
    hanging = python("import time; time.sleep(600)")
    assert in_turn({"hanging": hanging, "next": hanging}, 0.2) == {"hanging": LATE, "next": LATE}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]
