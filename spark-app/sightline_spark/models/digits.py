"""The handwritten digits that come with scikit-learn, as the 28 x 28 pictures LeNet sees.

Source: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,
CC BY 4.0: 1797 digits of 8 x 8 pixels, light strokes (16) on a dark ground (0).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIDE = 28  # pixels a side, LeNet's input
HELD_OUT = 360  # a fifth of the digits; never seen while training
SPLIT_SEED = 20_001
INK = 16  # brightest value in the source


@dataclass(frozen=True, slots=True)
class Digits:
    """Pictures of digits: `pixels` (n, height, width), strokes light on dark, 0..255; `labels` (n,)."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """How many digits."""
        return len(self.labels)


def enlarge(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Stretch pictures (n, h, w) to (n, side, side) with Pillow's bicubic filter, as the engine does."""
    resized = [Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC) for picture in pixels]
    return np.stack([np.asarray(picture) for picture in resized])


def load_split() -> tuple[Digits, Digits]:
    """Return (training, held-out) digits of 8 x 8 pixels, 0..255, the same ones every time, labels evenly spread."""
    source = load_digits()
    pixels = np.round(source.images * (255 / INK)).astype(np.uint8)
    train, held, train_labels, held_labels = train_test_split(
        pixels, source.target.astype(np.int64), test_size=HELD_OUT, random_state=SPLIT_SEED, stratify=source.target
    )
    return Digits(train, train_labels), Digits(held, held_labels)
