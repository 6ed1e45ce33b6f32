"""Figures of the project's other benchmarks, taken over as they were printed."""

import pytest

from bench.engine.product import figures
from bench.engine.report import Figure


def test_figures_are_found_among_other_lines() -> None:
    """With and without a goal; what is printed again is what was read."""
    lines = ("64 files", "FIGURE stream-x-rate 8123.4 images/s goal >= 8000", "FIGURE idle-x 1.2 s/min")
    found = figures("\n".join((*lines, "FIGURE p50 9 ms goal <= 12")))
    assert found == (
        Figure("stream-x-rate", 8123.4, "images/s", 8000.0),
        Figure("idle-x", 1.2, "s/min"),
        Figure("p50", 9.0, "ms", 12.0, "<="),
    )
    assert [figure.met for figure in found] == [True, True, True]


def test_a_benchmark_without_figures_has_failed() -> None:
    """Its part must not pass with nothing in it."""
    with pytest.raises(ValueError, match="no figure"):
        figures("something went wrong")
