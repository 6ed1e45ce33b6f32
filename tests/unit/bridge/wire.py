"""Frames, cuts and parsing that the bridge's tests share."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from sightline_bridge.framing import FRAMINGS, NAME_BYTES, NEED_DATA, Frame, FrameParser, Framing

names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=NAME_BYTES
).filter(lambda name: len(name.encode()) <= NAME_BYTES and name.rstrip(" ") == name)
payloads = st.one_of(
    st.binary(min_size=1, max_size=64),
    st.builds(lambda unit, times: unit * times, st.binary(min_size=1, max_size=8), st.integers(1, 1500)),
)
frame_lists = st.lists(st.builds(Frame, names, payloads), max_size=6)
every_framing = pytest.mark.parametrize("framing", FRAMINGS.values(), ids=lambda framing: framing.name)


def drain(parser: FrameParser) -> list[Frame]:
    """All whole frames that `parser` holds."""
    frames = []
    while isinstance(frame := parser.next_frame(), Frame):
        frames.append(frame)
    assert frame is NEED_DATA
    return frames


def parse(parser: FrameParser, chunks: Iterable[bytes]) -> list[Frame]:
    """The frames of a stream that arrives as `chunks`."""
    frames = []
    for chunk in chunks:
        parser.feed(chunk)
        frames += drain(parser)
    return frames


def cut(data: bytes, positions: Sequence[int]) -> list[bytes]:
    """`data` in pieces, cut at `positions` (wrapped to its length); pieces may be empty."""
    edges = [0, *sorted(position % (len(data) + 1) for position in positions), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def as_received(framing: Framing, frames: Iterable[Frame]) -> list[Frame]:
    """What a receiver sees of `frames`: the framing `length` carries no names."""
    return [Frame(None, frame.payload) if framing.name == "length" else frame for frame in frames]
