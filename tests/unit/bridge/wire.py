"""Frames, cuts and parsing that the bridge's tests share, and a table of all that it reads as a byte stream."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from sightline_bridge.ack.messages import encode_head, encode_hello
from sightline_bridge.ack.reader import AckReader
from sightline_bridge.framing import FRAMINGS, NAME_BYTES, NEED_DATA, Frame, FrameError, FrameParser, Framing
from sightline_bridge.framing.length import LengthLayout, length_framing
from tests.unit.bridge.jpegs import jpegs

LIMIT = 64 * 1024

names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=NAME_BYTES
).filter(lambda name: len(name.encode()) <= NAME_BYTES and name.rstrip(" ") == name)
payloads = st.one_of(
    st.binary(min_size=1, max_size=64),
    st.builds(lambda unit, times: unit * times, st.binary(min_size=1, max_size=8), st.integers(1, 1500)),
)
frame_lists = st.lists(st.builds(Frame, names, payloads), max_size=6)
text_lines = payloads.map(lambda payload: payload.replace(b"\n", b" "))

LAYOUTS = [
    LengthLayout(width=1, includes_header=True),
    LengthLayout(width=2, endianness="little", offset=4, includes_header=True),
    LengthLayout(width=3, offset=1),
    LengthLayout(width=8, endianness="little"),
    LengthLayout(width=8, endianness="big", offset=16, includes_header=True),
]
# Framings whose header tells the length of what may be any bytes.
ANY_FILE = [FRAMINGS[name] for name in ("fixed28", "named", "length")]


class Parsed(NamedTuple):
    """What came out of a stream, and the code of the error that ended it; None: it ended in order."""

    items: list[Any]
    error: str | None


@dataclass(frozen=True)
class ByteStream:
    """Something that the bridge reads from bytes that come cut anywhere.

    `items` draws what a peer may send, as its receiver sees it; `encode` writes one; `parse` reads a whole stream that
    arrives in pieces, with a parser of its own.
    """

    name: str
    items: st.SearchStrategy[Any]
    encode: Callable[[Any], bytes]
    parse: Callable[[Iterable[bytes]], Parsed]


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


def give(parser: FrameParser, data: bytes, *, in_place: bool) -> Iterator[None]:
    """Give `data` to `parser`, where it wants it when `in_place`; each time frames may be whole, yields."""
    while data:
        place = parser.get_buffer() if in_place else None
        if place is None:
            parser.feed(data)
            data = b""
        else:
            count = min(len(place), len(data))
            place[:count] = data[:count]
            parser.buffer_updated(count)
            data = data[count:]
        yield


def parse_to_the_end(framing: Framing, chunks: Iterable[bytes], limit: int = LIMIT) -> Parsed:
    """All of a stream, its end included; every other piece is written where the parser wants it."""
    parser = framing.parser(limit)
    frames: list[Frame] = []
    try:
        for number, chunk in enumerate(chunks):
            for _ in give(parser, chunk, in_place=number % 2 == 1):
                while isinstance(frame := parser.next_frame(), Frame):
                    frames.append(frame)
        last = parser.close()
    except FrameError as error:
        return Parsed(frames, error.code)
    return Parsed(frames if last is None else [*frames, last], None)


def cut(data: bytes, positions: Sequence[int]) -> list[bytes]:
    """`data` in pieces, cut at `positions` (wrapped to its length); pieces may be empty."""
    edges = [0, *sorted(position % (len(data) + 1) for position in positions), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def as_received(framing: Framing, frames: Iterable[Frame]) -> list[Frame]:
    """What a receiver sees of `frames`: only `fixed28` and `named` carry names."""
    return [frame if framing.name in {"fixed28", "named"} else Frame(None, frame.payload) for frame in frames]


def framed(
    framing: Framing, payload: st.SearchStrategy[bytes] = payloads, name: str = "", limit: int = LIMIT
) -> ByteStream:
    """A row of the table for a framing."""
    carried = names if framing.name in {"fixed28", "named"} else st.none()
    items = st.builds(Frame, carried, payload)
    return ByteStream(name or framing.name, items, framing.encode, partial(parse_to_the_end, framing, limit=limit))


def _layout(layout: LengthLayout) -> ByteStream:
    longest = min(LIMIT, (1 << 8 * layout.width) - 1 - layout.counted_header)
    fitting = payloads.map(lambda payload: payload[:longest])
    return framed(length_framing(layout), fitting, f"length-{layout.width}-{layout.endianness}-{layout.offset}")


content_types = st.from_regex(r"[a-z0-9.+-]{1,20}/[a-z0-9.+-]{1,20}", fullmatch=True)


class AckFrame(NamedTuple):
    """A frame of the acknowledged protocol."""

    frame_id: int
    name: str | None
    content_type: str | None
    payload: bytes

    def encode(self) -> bytes:
        """Its bytes."""
        return encode_head(*self) + self.payload


def _parse_acknowledged(chunks: Iterable[bytes]) -> Parsed:
    """The frames behind a HELLO."""
    reader, frames = AckReader(LIMIT), []
    try:
        for chunk in (encode_hello("camera-7"), *chunks):
            reader.feed(chunk)
            while isinstance(frame := reader.next_frame(), Frame):
                assert reader.head is not None
                reader.head.check(frame.payload)
                name, content_type = reader.head.name.decode() or None, reader.head.content_type.decode() or None
                frames.append(AckFrame(reader.head.frame_id, name, content_type, bytes(frame.payload)))
        reader.close()
    except FrameError as error:
        return Parsed(frames, error.code)
    return Parsed(frames, None)


ACKNOWLEDGED = ByteStream(
    "ack",
    st.builds(AckFrame, st.integers(1, 2**64 - 1), st.none() | names, st.none() | content_types, payloads),
    AckFrame.encode,
    _parse_acknowledged,
)
BYTE_STREAMS = [
    *map(framed, ANY_FILE),
    *map(_layout, LAYOUTS),
    framed(FRAMINGS["jpeg"], jpegs),
    framed(FRAMINGS["lines"], text_lines),
    ACKNOWLEDGED,
]
every_stream = pytest.mark.parametrize("stream", BYTE_STREAMS, ids=lambda stream: stream.name)
with_headers = pytest.mark.parametrize("framing", ANY_FILE, ids=lambda framing: framing.name)


def seconds_to_parse(new_parser: Callable[[], FrameParser], chunks: Sequence[bytes]) -> float:
    """Processor time at its best of two, without the collector, which walks whatever earlier tests left."""
    return min(_seconds(new_parser(), chunks) for _ in range(2))


def _seconds(parser: FrameParser, chunks: Sequence[bytes]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        parse(parser, chunks)
        return time.process_time() - start
    finally:
        gc.enable()
