"""The networks and images of the benchmark."""

import numpy as np

from bench.engine.photos import photos
from bench.engine.resnet50 import CLASSES, convolutions, weights
from bench.engine.subjects import CALIBRATION, IMAGES, cut


def test_resnet50_is_the_one_that_everybody_measures() -> None:
    """53 convolutions and 25.5 million parameters (its normalisations folded), or its speed says nothing."""
    assert sum(1 for _ in convolutions()) == 53
    parameters = sum(kernel.size + bias.size for kernel, bias in weights().values())
    assert 25.4e6 < parameters < 25.6e6
    assert weights()["classifier"][0].shape == (CLASSES, 2048)


def test_weights_are_the_same_each_time() -> None:
    """The bundle and the ONNX file may be made in different runs."""
    first, second = weights()["stage3.2.c"][0], weights()["stage3.2.c"][0]
    np.testing.assert_array_equal(first, second)


def test_no_two_images_are_the_same() -> None:
    """A cache would help one contender, and calibration on what is measured another."""
    cuts = {cut(number).tobytes() for number in [*range(IMAGES), *CALIBRATION]}
    assert len(cuts) == IMAGES + len(CALIBRATION)
    assert len(set(photos())) == len(photos()) == 64


def test_photos_have_a_cameras_size() -> None:
    """About 100 kB, all of them JPEG files."""
    assert all(photo.startswith(b"\xff\xd8\xff") for photo in photos())
    assert 60_000 < sum(map(len, photos())) / len(photos()) < 160_000
