"""Digits drawn the way a hand draws on the console's canvas: a round pen along a path, written down here by hand.

None of this is in the training data; it stands in for people. A path is a list of strokes, a stroke a list of (x, y)
in a unit square with y downwards; curves are polylines fine enough to look round once the pen is thick.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = list[Point]

CANVAS = 280  # pixels a side, the console's canvas


def arc(centre: Point, radii: Point, start: float, stop: float) -> Stroke:
    """Points of an ellipse from one angle to another, in degrees; 0 is right, 90 is down."""
    angles = np.linspace(math.radians(start), math.radians(stop), 24)
    return [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles]


PATHS: dict[int, list[list[Stroke]]] = {
    0: [[arc((0.5, 0.5), (0.32, 0.48), -90, 270)], [arc((0.5, 0.5), (0.42, 0.46), -100, 265)]],
    1: [
        [[(0.5, 0.0), (0.5, 1.0)]],
        [[(0.3, 0.25), (0.55, 0.0), (0.55, 1.0)]],
        [[(0.35, 0.2), (0.52, 0.0), (0.52, 1.0)], [(0.3, 1.0), (0.75, 1.0)]],
    ],
    2: [
        [[*arc((0.5, 0.27), (0.35, 0.27), 190, 385), (0.15, 1.0), (0.9, 1.0)]],
        [[*arc((0.5, 0.3), (0.33, 0.3), 200, 400), (0.12, 0.97), (0.88, 0.99)]],
    ],
    3: [
        [arc((0.47, 0.25), (0.33, 0.25), 200, 450), arc((0.47, 0.75), (0.38, 0.25), 270, 520)],
        [arc((0.45, 0.26), (0.36, 0.26), 215, 440), arc((0.45, 0.74), (0.4, 0.26), 280, 500)],
    ],
    4: [
        [[(0.65, 1.0), (0.65, 0.0), (0.1, 0.68), (0.95, 0.68)]],
        [[(0.25, 0.0), (0.18, 0.5), (0.85, 0.5)], [(0.72, 0.05), (0.68, 1.0)]],
    ],
    5: [
        [[(0.85, 0.0), (0.25, 0.0), (0.2, 0.45), *arc((0.47, 0.69), (0.36, 0.31), 230, 500)]],
        [[(0.22, 0.02), (0.2, 0.42), *arc((0.45, 0.68), (0.38, 0.32), 240, 505)], [(0.22, 0.02), (0.82, 0.0)]],
    ],
    6: [
        [[(0.7, 0.0), (0.4, 0.25), (0.2, 0.6), *arc((0.5, 0.72), (0.32, 0.28), 180, 540)]],
        [[(0.6, 0.0), (0.32, 0.35), (0.2, 0.68), *arc((0.48, 0.75), (0.29, 0.25), 190, 550)]],
    ],
    7: [
        [[(0.1, 0.02), (0.88, 0.0), (0.4, 1.0)]],
        [[(0.12, 0.0), (0.88, 0.0), (0.42, 1.0)], [(0.3, 0.5), (0.82, 0.5)]],
    ],
    8: [
        [arc((0.5, 0.25), (0.28, 0.25), 90, 450), arc((0.5, 0.75), (0.34, 0.25), 270, 630)],
        [arc((0.5, 0.27), (0.26, 0.25), 80, 440), arc((0.5, 0.74), (0.3, 0.26), 265, 625)],
    ],
    9: [
        [[*arc((0.47, 0.3), (0.3, 0.28), 0, 360), (0.75, 0.65), (0.65, 1.0)]],
        [[*arc((0.48, 0.28), (0.28, 0.27), -10, 350), (0.72, 1.0)]],
    ],
}


def draw(strokes: list[Stroke], rng: np.random.Generator) -> Image.Image:
    """Draw strokes on a black canvas (mode L, CANVAS x CANVAS) with a white pen: size, place, slant and pen vary."""
    height = rng.uniform(0.5, 0.8) * CANVAS
    width = height * rng.uniform(0.55, 0.85)
    left, top = (rng.uniform(0.3, 0.7) * (CANVAS - side) for side in (width, height))
    slant, pen = rng.normal(0, 0.08), rng.uniform(14, 30)
    image = Image.new("L", (CANVAS, CANVAS))
    canvas = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(left + width * (x + slant * (0.5 - y)), top + height * y) for x, y in stroke]
        points = [(x + rng.normal(0, 1), y + rng.normal(0, 1)) for x, y in points]
        canvas.line(points, fill=255, width=round(pen), joint="curve")
        for x, y in points:
            canvas.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return image


def drawings(each: int, seed: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield (digit, drawing) for every path, `each` times."""
    rng = np.random.default_rng(seed)
    for digit, variants in PATHS.items():
        for strokes in variants:
            for _ in range(each):
                yield digit, draw(strokes, rng)


def as_inputs(images: list[Image.Image], side: int) -> NDArray[np.uint8]:
    """Stretch drawings to (n, side, side) with Pillow's bicubic filter, the bundle's own rule."""
    return np.stack([np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)) for image in images])
