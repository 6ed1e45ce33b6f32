"""What the benchmark makes of a fresh JVM's lines."""

import pytest

from bench.engine.start import First, parse, slope


def test_lines_of_the_program_are_read_among_others() -> None:
    """Logs may come between them."""
    run = parse(
        ["WARN something", "bench label lenet giant_panda 1234 1000", "bench rss 512 2000", "bench rss 16 1000"]
    )
    assert run.firsts == (First("lenet", "giant_panda", 1.234, 1_024_000),)
    assert run.samples == ((512, 2_048_000), (16, 1_024_000))


def test_the_slope_is_that_of_the_later_samples() -> None:
    """The heap grows to its size first; threads report out of order."""
    samples = [(100, 10), (200, 900), (400, 1200), (300, 1100)]
    assert slope(samples) == pytest.approx(1.0)


def test_no_growth_is_a_slope_of_nothing() -> None:
    """Whatever the level."""
    assert slope([(n, 5_000) for n in range(0, 1000, 100)]) == pytest.approx(0.0, abs=1e-9)


def test_one_sample_has_no_slope() -> None:
    """Better no figure than 0."""
    with pytest.raises(ValueError, match="too few"):
        slope([(1, 1)])
