"""What training sees: digits drawn anew, the same ones for the same seed."""

import numpy as np
import pytest

from sightline_spark.models.augment import augmented
from sightline_spark.models.digits import SIDE, Digits, enlarge, load_split


@pytest.fixture(scope="module")
def digits() -> Digits:
    """The first hundred training digits."""
    training, _ = load_split()
    return Digits(training.pixels[:100], training.labels[:100])


def test_the_split_is_the_same_every_time_and_shares_nothing() -> None:
    """The held-out figure means something only then."""
    (training, held_out), (again, _) = load_split(), load_split()
    assert (len(training), len(held_out)) == (1437, 360)
    np.testing.assert_array_equal(training.pixels, again.pixels)
    seen = {picture.tobytes() for picture in training.pixels}
    assert not seen & {picture.tobytes() for picture in held_out.pixels}
    assert np.bincount(held_out.labels).min() >= 34


def test_drawings_are_whole_pixels_of_the_input_size(digits: Digits) -> None:
    """As they come out of a decoder."""
    drawn = augmented(digits, np.random.default_rng(1))
    assert drawn.shape == (100, SIDE, SIDE)
    assert drawn.dtype == np.float32
    assert (drawn.min(), drawn.max()) == (0, 255)
    np.testing.assert_array_equal(drawn, np.rint(drawn))


def test_the_seed_decides_the_drawings(digits: Digits) -> None:
    """A training can be repeated."""
    first, same, other = (augmented(digits, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).mean() > 20


def test_some_are_plain_and_half_are_dark_on_light(digits: Digits) -> None:
    """The shares that the module promises, as far as a hundred digits show them."""
    drawn = augmented(digits, np.random.default_rng(1))
    plain = enlarge(digits.pixels, SIDE)
    untouched = sum(bool((d == p).all() or (255 - d == p).all()) for d, p in zip(drawn, plain, strict=True))
    dark_on_light = int((drawn[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=1) > 127).sum())
    assert 5 <= untouched <= 30
    assert 35 <= dark_on_light <= 65
