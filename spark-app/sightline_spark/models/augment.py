"""Turns the tidy digits of the training set into what people draw: anywhere on a canvas, any pen, light or dark ink."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sightline_spark.models.digits import SIDE, enlarge

FINE = 56  # pixels a side while drawing: twice the input, so that strokes get clean edges
FRAME = 1  # ground around the 8 x 8 source, whose strokes end at its very edge: a pen's strokes end round
INK_SHARE = 0.8  # of the framed source a digit covers
UNTOUCHED_SHARE = 0.15  # the model must keep knowing the plain digits its held-out figure is measured on
INVERTED_SHARE = 0.5  # dark ink on a light ground

Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hand:
    """How one person draws: where the digit lands on the canvas, and with what pen."""

    height: float  # of the framed source, as a share of the canvas
    width: float
    angle: float  # radians
    slant: float
    shift: tuple[float, float]  # of the free room: -1 is one edge, 1 the other (down, right)
    threshold: float  # ink level that counts as stroke: low gives a thick pen, high a thin one
    sharpness: float  # of the stroke's edge
    bend: float  # how far strokes sway from the source's, as a share of the canvas
    phase: tuple[float, float]  # radians; where they sway to


def draw_hand(rng: np.random.Generator) -> Hand:
    """Pick a hand at random."""
    height = rng.uniform(0.55, 1.15)
    return Hand(
        height=height,
        width=float(np.clip(height * rng.uniform(0.65, 1.15), 0.4, 1.15)),
        angle=rng.normal(0, 0.13),
        slant=rng.normal(0, 0.15),
        shift=(rng.uniform(-1, 1), rng.uniform(-1, 1)),
        threshold=rng.uniform(0.22, 0.62),
        sharpness=rng.uniform(5, 25),
        bend=abs(rng.normal(0, 0.025)),
        phase=(rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)),
    )


def place(ink: Picture, hand: Hand) -> Picture:
    """Move the ink (FINE, FINE) to where and how the hand draws it on the canvas (FINE, FINE)."""
    cos, sin = np.cos(hand.angle), np.sin(hand.angle)
    extent = np.array([hand.height, hand.width])
    back = np.diag(1 / extent) @ np.array([[1, 0], [hand.slant, 1]]) @ np.array([[cos, sin], [-sin, cos]])
    room = np.maximum(1 - extent * INK_SHARE, 0) * FINE / 2
    centre = np.full((2, 1, 1), (FINE - 1) / 2)
    target = centre + (room * np.array(hand.shift))[:, np.newaxis, np.newaxis]
    source = np.tensordot(back, np.indices((FINE, FINE)) - target, axes=1) + centre
    wave = np.sin(source[::-1] * (2 * np.pi / FINE) + np.array(hand.phase)[:, np.newaxis, np.newaxis])
    return np.asarray(ndimage.map_coordinates(ink, source + hand.bend * FINE * wave, order=1), np.float32)


def trace(ink: Picture, hand: Hand) -> Picture:
    """Redraw blurry ink with a pen: its edge where the ink passes the hand's threshold, 0 (ground) to 1 (stroke)."""
    stroke: Picture = 1 / (1 + np.exp(-hand.sharpness * (ink - hand.threshold)))
    floor = 1 / (1 + np.exp(hand.sharpness * hand.threshold))  # what the ground itself comes to
    return np.asarray(np.clip((stroke - floor) / (stroke.max() - floor), 0, 1), np.float32)


def shade(stroke: Picture, rng: np.random.Generator) -> Picture:
    """Give stroke and ground a brightness (0..255), a little grain, and often dark ink on light paper."""
    ground, ink = rng.uniform(0, 50) * rng.integers(0, 2), rng.uniform(170, 255)
    picture = ground + (ink - ground) * stroke + rng.normal(0, rng.uniform(0, 6), stroke.shape)
    return np.asarray(picture, np.float32)


def redraw(ink: Picture, rng: np.random.Generator) -> Picture:
    """One digit (FINE, FINE), 0..1, drawn anew: (SIDE, SIDE), 0..255."""
    hand = draw_hand(rng)
    canvas = trace(place(ink, hand), hand)
    step = FINE // SIDE
    small = canvas.reshape(SIDE, step, SIDE, step).mean(axis=(1, 3))
    return shade(ndimage.gaussian_filter(small, rng.uniform(0, 0.7)), rng)


def augmented(pixels: NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """Pictures (n, 8, 8) drawn anew as (n, SIDE, SIDE), 0..255, in the same order; a share of them left as they are."""
    framed = np.pad(pixels, ((0, 0), (FRAME, FRAME), (FRAME, FRAME)))
    fine = enlarge(framed, FINE).astype(np.float32) / 255
    plain = enlarge(pixels, SIDE).astype(np.float32)
    kept = rng.random(len(pixels)) < UNTOUCHED_SHARE
    drawn = np.stack([plain[i] if kept[i] else redraw(ink, rng) for i, ink in enumerate(fine)])
    inverted = rng.random(len(pixels)) < INVERTED_SHARE
    drawn[inverted] = 255 - drawn[inverted]
    return np.asarray(np.clip(np.rint(drawn), 0, 255), np.float32)
