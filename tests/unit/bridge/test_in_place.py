"""Frames that are received where they stay: the same frames, no copy, no memory before there is a header."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.framing import Frame, FrameError, FrameParser, Framing, headered
from sightline_bridge.framing.headered import IN_PLACE_FROM_BYTES
from sightline_bridge.sources.socket_stream import HIGH_WATER_BYTES, SocketStream
from tests.unit.bridge.doubles import MIB, closed_in_order, eventually, running
from tests.unit.bridge.test_server import numbered, wire
from tests.unit.bridge.wire import LIMIT, as_received, cut, drain, frame_lists, give, with_headers


def receive(parser: FrameParser, chunks: Iterable[bytes]) -> list[Frame]:
    """The frames of a stream whose bytes are written where the parser wants them."""
    frames = []
    for chunk in chunks:
        for _ in give(parser, chunk, in_place=True):
            frames += drain(parser)
    return frames


@with_headers
@given(frames=frame_lists, cuts=st.lists(st.integers(0, 2**20), max_size=12), threshold=st.sampled_from([1, 50, 5000]))
def test_any_cut_gives_the_same_frames_in_place(
    framing: Framing, frames: list[Frame], cuts: list[int], threshold: int
) -> None:
    stream = b"".join(framing.encode(frame) for frame in frames)
    parser = framing.parser(LIMIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(headered, "IN_PLACE_FROM_BYTES", threshold)
        assert receive(parser, cut(stream, cuts)) == as_received(framing, frames)
    assert parser.at_boundary
    parser.close()


@with_headers
@given(frames=frame_lists, pieces=st.lists(st.tuples(st.integers(1, 5000), st.booleans()), min_size=1, max_size=30))
def test_a_caller_may_feed_and_fill_by_turns(
    framing: Framing, frames: list[Frame], pieces: list[tuple[int, bool]]
) -> None:
    stream = b"".join(framing.encode(frame) for frame in frames)
    parser, found, at = framing.parser(LIMIT), list[Frame](), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(headered, "IN_PLACE_FROM_BYTES", 1)
        turn = 0
        while at < len(stream):
            size, fills = pieces[turn % len(pieces)]
            turn += 1
            place = parser.get_buffer()
            if place is None or not fills:
                parser.feed(stream[at : at + size])
                at += size
            else:
                piece = stream[at : at + min(size, len(place))]
                place[: len(piece)] = piece
                parser.buffer_updated(len(piece))
                at += len(piece)
            found += drain(parser)
    assert found == as_received(framing, frames)


@with_headers
def test_a_frame_cut_off_in_place_tells_how_much_is_missing(framing: Framing) -> None:
    stream = framing.encode(Frame("a", b"x" * 50_000))
    parser = framing.parser(LIMIT)
    assert receive(parser, [stream[:100], stream[100:-7]]) == []
    with pytest.raises(FrameError, match="7 bytes before the end") as caught:
        parser.close()
    assert caught.value.code == "truncated-frame"


@with_headers
def test_a_small_frame_and_a_header_that_is_not_there_have_no_place(framing: Framing) -> None:
    parser = framing.parser(LIMIT)
    assert parser.get_buffer() is None
    parser.feed(framing.encode(Frame("a", b"x" * (IN_PLACE_FROM_BYTES - 1)))[:-1])
    assert drain(parser) == []
    assert parser.get_buffer() is None


@with_headers
def test_a_frame_in_place_is_never_copied(framing: Framing) -> None:
    """10 MiB in 64 kB chunks: the payload is allocated once, and nothing beside it."""
    chunk, payload = bytes(64 * 1024), 10 * MIB
    parser = framing.parser(payload)
    parser.feed(framing.encode_header("a", payload))
    assert drain(parser) == []
    tracemalloc.start()
    try:
        frames = receive(parser, (chunk for _ in range(160)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [len(frame.payload) for frame in frames] == [payload]
    assert peak < 10.1 * MIB


@pytest.mark.parametrize("size", [20_000, 100_000, 1_000_000])
async def test_large_frames_arrive_whole_over_a_socket(size: int) -> None:
    frames = numbered(30, size)
    async with running() as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(*frames))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == frames
        assert bridge.metric("received_bytes_total") == len(wire(*frames))


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[SocketStream, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[SocketStream] = loop.create_future()
    ours.setblocking(False)
    theirs.setblocking(False)
    transport, _ = await loop.create_connection(lambda: SocketStream(ready.set_result), sock=ours)
    try:
        yield await ready, theirs
    finally:
        transport.abort()
        theirs.close()


async def test_bytes_that_came_before_they_were_asked_for_come_first() -> None:
    async with connected() as (reader, peer):
        peer.send(b"abcdef")
        await eventually(lambda: reader.unread_bytes == 6)
        place = memoryview(bytearray(4))
        assert await reader.read_into(place) == 4
        assert bytes(place) == b"abcd"
        assert reader.unread_bytes == 2
        peer.send(b"gh")
        assert await reader.read() == b"ef"
        assert await reader.read_into(place) == 2
        assert bytes(place[:2]) == b"gh"


async def test_bytes_that_come_as_their_reader_leaves_are_kept() -> None:
    async with connected() as (reader, peer):
        place = memoryview(bytearray(4))
        waiting = asyncio.create_task(reader.read_into(place))
        await asyncio.sleep(0)
        reader.get_buffer(-1)[:3] = b"abc"
        reader.buffer_updated(3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        place[:] = b"____"
        assert await reader.read() == b"abc"
        peer.send(b"d")
        assert await reader.read() == b"d"


async def test_the_end_is_no_byte_and_a_reset_is_an_error() -> None:
    async with connected() as (reader, peer):
        peer.send(b"last")
        peer.shutdown(socket.SHUT_WR)
        place = memoryview(bytearray(10))
        assert await reader.read_into(place) == 4
        assert await reader.read_into(place) == 0
        reader.connection_lost(ConnectionResetError("gone"))
        with pytest.raises(ConnectionResetError):
            await reader.read_into(place)


async def test_a_connection_that_nobody_reads_from_holds_little() -> None:
    """200 senders on a broker that stands still held 0.75 MiB each outside the budget."""
    async with connected() as (reader, peer):
        sent = 0
        while True:
            try:
                sent += peer.send(bytes(100_000))
            except BlockingIOError:
                if reader.unread_bytes >= HIGH_WATER_BYTES:
                    break
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0.002)
            assert reader.unread_bytes <= 2 * HIGH_WATER_BYTES
        assert sent > 2 * HIGH_WATER_BYTES
