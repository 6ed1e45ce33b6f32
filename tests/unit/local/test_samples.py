"""The sample pictures are what they say, also to a decoder that is not ours."""

from io import BytesIO

import numpy as np
from PIL import Image

from sightline_local.samples import PHOTOS, digit, drawn_zero, gray_png, photo


def test_gray_png_keeps_every_pixel() -> None:
    pixels = bytes(range(0, 252, 2))
    with Image.open(BytesIO(gray_png(pixels, 14))) as image:
        assert (image.mode, image.size) == ("L", (14, 9))
        assert image.tobytes() == pixels


def test_digits_are_named_after_what_they_show() -> None:
    assert [digit(index).name for index in (0, 25)] == ["digit-0-0.png", "digit-5-25.png"]
    with Image.open(BytesIO(digit(0).data)) as image:
        assert image.size == (8, 8)
        assert np.asarray(image).max() > 200


def test_photos_are_whole() -> None:
    for name in PHOTOS:
        with Image.open(BytesIO(photo(name).data)) as image:
            image.load()
            assert image.size == (640, 427)


def test_the_drawn_zero_is_a_ring() -> None:
    with Image.open(BytesIO(drawn_zero().data)) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (8, 8)
    assert set(pixels.ravel()) == {0, 255}
    assert pixels[3, 3] == pixels[3, 4] == 0 < pixels[3, 2] == pixels[3, 5]
