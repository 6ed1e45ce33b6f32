"""Turns the tidy digits of the training set into what people draw: anywhere on a canvas, any pen, light or dark ink."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sightline_spark.models.digits import SIDE, Digits, enlarge

FINE = 84  # pixels a side while drawing: three times the input, so that strokes get clean edges
FRAME = 1  # ground around the 8 x 8 source, whose strokes end at its very edge: a pen's strokes end round
INK_SHARE = 0.8  # of the framed source a digit covers
UNTOUCHED_SHARE = 0.15  # the model must keep knowing the plain digits its held-out figure is measured on
INVERTED_SHARE = 0.5  # dark ink on a light ground
FOOTED_SHARE = 0.3  # of the ones get a foot: the source has hardly any, and without it the model takes them for a two
FOOT = slice(-FINE * 2 // 10, -FINE // 10)  # rows of the framed source a foot covers, down to where its digits end

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
    )


def place(ink: Picture, hand: Hand) -> Picture:
    """Move the ink (FINE, FINE) to where the hand draws it on the canvas (FINE, FINE)."""
    cos, sin = np.cos(hand.angle), np.sin(hand.angle)
    scale = np.diag([1 / hand.height, 1 / hand.width])
    back = scale @ np.array([[1, 0], [hand.slant, 1]]) @ np.array([[cos, sin], [-sin, cos]])
    centre = np.full(2, (FINE - 1) / 2)
    room = np.maximum(1 - np.array([hand.height, hand.width]) * INK_SHARE, 0) * FINE / 2
    target = centre + room * np.array(hand.shift)
    placed: Picture = ndimage.affine_transform(ink, back, offset=centre - back @ target, order=1)
    return placed


def add_foot(ink: Picture, rng: np.random.Generator) -> Picture:
    """Underline a one (FINE, FINE), 0..1, the way it is printed and the way many write it."""
    foot = np.zeros_like(ink)
    foot[FOOT, round(FINE * rng.uniform(0.1, 0.35)) : round(FINE * rng.uniform(0.65, 0.9))] = 1
    return np.maximum(ink, ndimage.gaussian_filter(foot, FINE / 28))


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


def augmented(digits: Digits, rng: np.random.Generator) -> Picture:
    """Digits of 8 x 8 drawn anew as (n, SIDE, SIDE), 0..255, in the same order; a share of them left as they are."""
    framed = np.pad(digits.pixels, ((0, 0), (FRAME, FRAME), (FRAME, FRAME)))
    fine = enlarge(framed, FINE).astype(np.float32) / 255
    drawn = enlarge(digits.pixels, SIDE).astype(np.float32)
    touched = rng.random(len(digits)) >= UNTOUCHED_SHARE
    footed = (digits.labels == 1) & (rng.random(len(digits)) < FOOTED_SHARE)
    for i in np.flatnonzero(touched):
        drawn[i] = redraw(add_foot(fine[i], rng) if footed[i] else fine[i], rng)
    inverted = rng.random(len(digits)) < INVERTED_SHARE
    drawn[inverted] = 255 - drawn[inverted]
    return np.asarray(np.clip(np.rint(drawn), 0, 255), np.float32)
