"""The framings as a caller meets them: any cut gives the same frames, a wrong header costs no memory."""

import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline_bridge.framing import FRAMINGS, NAME_BYTES, NEED_DATA, Frame, FrameError, FrameParser, Framing, fit_name
from tests.unit.bridge.wire import (
    ANY_FILE,
    LIMIT,
    ByteStream,
    as_received,
    cut,
    drain,
    every_stream,
    names,
    parse,
    with_headers,
)

MIB = 1024 * 1024


def test_the_framings_are_those_the_docs_name() -> None:
    assert list(FRAMINGS) == ["fixed28", "named", "length", "jpeg", "lines"]


@every_stream
@given(data=st.data(), cuts=st.lists(st.integers(0, 2**20), max_size=12))
def test_any_cut_gives_the_same_frames(stream: ByteStream, data: st.DataObject, cuts: list[int]) -> None:
    items = data.draw(st.lists(stream.items, max_size=6))
    wire = b"".join(map(stream.encode, items))
    assert stream.parse(cut(wire, cuts)) == (items, None)


@every_stream
@settings(max_examples=20)
@given(data=st.data())
def test_single_bytes_give_the_same_frames(stream: ByteStream, data: st.DataObject) -> None:
    items = data.draw(st.lists(stream.items, max_size=2))
    wire = b"".join(map(stream.encode, items))
    assert stream.parse(bytes([byte]) for byte in wire) == (items, None)


@every_stream
@given(garbage=st.binary(max_size=4096), cuts=st.lists(st.integers(0, 4096), max_size=4))
def test_garbage_gives_the_same_frames_and_the_same_error_at_any_cut(
    stream: ByteStream, garbage: bytes, cuts: list[int]
) -> None:
    assert stream.parse(cut(garbage, cuts)) == stream.parse([garbage])


@every_stream
@given(data=st.data(), cuts=st.lists(st.integers(0, 2**20), max_size=6), end=st.integers(0, 2**20))
def test_a_stream_that_ends_anywhere_gives_its_whole_frames_and_tells_of_the_rest(
    stream: ByteStream, data: st.DataObject, cuts: list[int], end: int
) -> None:
    """But for a line: there the end of the stream is as good as an end of the line."""
    items = data.draw(st.lists(stream.items, min_size=1, max_size=6))
    encoded = [stream.encode(item) for item in items]
    wire = b"".join(encoded)
    wire = wire[: end % (len(wire) + 1)]
    whole, boundary = 0, 0
    while whole < len(encoded) and boundary + len(encoded[whole]) <= len(wire):
        boundary += len(encoded[whole])
        whole += 1
    found, error = stream.parse(cut(wire, cuts))
    assert found[:whole] == items[:whole]
    if stream.name == "lines":
        assert error is None
        assert b"".join(frame.payload for frame in found[whole:]) == wire[boundary:].removesuffix(b"\r")
    else:
        assert len(found) == whole
        assert error == (None if boundary == len(wire) else "truncated-frame")


def header(framing: Framing, length: int, name: bytes = b"a") -> bytes:
    if framing.name == "fixed28":
        return struct.pack(">28si", name, length)
    return (
        struct.pack(f">i{len(name)}si", len(name), name, length)
        if framing.name == "named"
        else struct.pack(">i", length)
    )


def refuse(parser: FrameParser, wire: bytes) -> FrameError:
    parser.feed(wire)
    with pytest.raises(FrameError) as caught:
        drain(parser)
    return caught.value


@with_headers
@given(length=st.one_of(st.integers(-(2**31), 0), st.integers(LIMIT + 1, 2**31 - 1)))
def test_a_length_that_no_frame_may_have_is_refused_from_the_header(framing: Framing, length: int) -> None:
    assert refuse(framing.parser(LIMIT), header(framing, length)).code == "bad-length"


@with_headers
def test_the_limit_itself_is_allowed(framing: Framing) -> None:
    assert len(parse(framing.parser(LIMIT), [header(framing, LIMIT), b"x" * LIMIT])[0].payload) == LIMIT


@pytest.mark.parametrize("framing", [FRAMINGS["fixed28"], FRAMINGS["named"]], ids=lambda framing: framing.name)
@given(
    name=st.one_of(
        st.sampled_from([b"\xff", b"\xc3\x28", b"a\x00b", b"a\nb", b"\x1b[31m", "\u2028".encode(), "\x85".encode()]),
        st.builds(lambda head, byte: head + bytes([byte]) + b"z", st.binary(max_size=20), st.integers(1, 31)),
    )
)
def test_a_name_that_is_not_text_is_refused_from_the_header(framing: Framing, name: bytes) -> None:
    assert refuse(framing.parser(LIMIT), header(framing, 1, name)).code == "bad-name"


@pytest.mark.parametrize("padding", [b" " * 28, b"\0" * 28, b" \0" * 14])
def test_fixed28_refuses_a_name_of_padding_only(padding: bytes) -> None:
    assert refuse(FRAMINGS["fixed28"].parser(LIMIT), struct.pack(">28si", padding, 1)).code == "bad-name"


@pytest.mark.parametrize("padding", [b" ", b"\0", b" \0"])
def test_fixed28_takes_off_either_padding(padding: bytes) -> None:
    wire = (b"a b.jpg" + padding * 28)[:28] + struct.pack(">i", 1) + b"x"
    assert parse(FRAMINGS["fixed28"].parser(LIMIT), [wire]) == [Frame("a b.jpg", b"x")]


@given(name_length=st.one_of(st.integers(-(2**31), 0), st.integers(NAME_BYTES + 1, 2**31 - 1)))
def test_named_refuses_a_name_length_without_waiting_for_the_name(name_length: int) -> None:
    assert refuse(FRAMINGS["named"].parser(LIMIT), struct.pack(">i", name_length)).code == "bad-name"


@with_headers
def test_an_error_is_final(framing: Framing) -> None:
    parser = framing.parser(LIMIT)
    first = refuse(parser, header(framing, -1))
    assert refuse(parser, framing.encode(Frame("a", b"x"))) is first
    with pytest.raises(FrameError, match="the frame length is"):
        parser.close()


@with_headers
def test_frames_before_a_bad_header_come_out(framing: Framing) -> None:
    parser = framing.parser(LIMIT)
    parser.feed(framing.encode(Frame("a", b"x")) + header(framing, 0))
    assert parser.next_frame() == as_received(framing, [Frame("a", b"x")])[0]
    with pytest.raises(FrameError):
        parser.next_frame()


@with_headers
def test_a_header_alone_costs_no_memory(framing: Framing) -> None:
    """A peer that announces 10 MiB and a peer that announces 2 GiB make us hold a header, not a buffer."""
    honest, liar = framing.parser(10 * MIB), framing.parser(10 * MIB)
    tracemalloc.start()
    try:
        honest.feed(header(framing, 10 * MIB))
        assert honest.next_frame() is NEED_DATA
        refuse(liar, header(framing, 2**31 - 1))
        assert tracemalloc.get_traced_memory()[1] < 256 * 1024
    finally:
        tracemalloc.stop()


@with_headers
def test_a_large_frame_is_copied_once(framing: Framing) -> None:
    """10 MiB in 64 kB chunks: beside the chunks only the finished payload is ever allocated."""
    chunks = [bytes(64 * 1024) for _ in range(160)]
    parser = framing.parser(10 * MIB)
    tracemalloc.start()
    try:
        frames = parse(parser, [header(framing, 10 * MIB), *chunks])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [len(frame.payload) for frame in frames] == [10 * MIB]
    assert peak < 10.2 * MIB


@with_headers
def test_single_bytes_are_not_held_as_single_objects(framing: Framing) -> None:
    """One `bytes` object for each byte of a slow sender would be 60 times the frame."""
    parser = framing.parser(MIB)
    data = bytes(range(256)) * 1024
    tracemalloc.start()
    try:
        parser.feed(header(framing, MIB))
        for byte in data:
            parser.feed(bytes([byte]))
            assert parser.next_frame() is NEED_DATA
        assert tracemalloc.get_traced_memory()[1] < 1.5 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "code"), [(None, "bad-name"), ("", "bad-name"), ("x" * 29, "bad-name"), ("a\n", "bad-name")]
)
@pytest.mark.parametrize("framing", [FRAMINGS["fixed28"], FRAMINGS["named"]], ids=lambda framing: framing.name)
def test_a_name_that_does_not_fit_cannot_be_written(framing: Framing, name: str | None, code: str) -> None:
    with pytest.raises(FrameError) as caught:
        framing.encode_header(name, 1)
    assert caught.value.code == code


@with_headers
@pytest.mark.parametrize("length", [0, -1, 2**31])
def test_a_length_that_does_not_fit_cannot_be_written(framing: Framing, length: int) -> None:
    with pytest.raises(FrameError) as caught:
        framing.encode_header("a", length)
    assert caught.value.code == "bad-length"


@given(name=st.one_of(names, st.text(max_size=80)))
def test_every_file_name_can_be_fitted(name: str) -> None:
    for framing in ANY_FILE:
        framing.encode_header(fit_name(name), 1)


@pytest.mark.parametrize(
    ("name", "fitted"),
    [
        ("cat.jpg", "cat.jpg"),
        ("a-very-long-file-name-of-a-camera.jpeg", "a-very-long-file-name-o.jpeg"),
        ("äöüäöüäöüäöüäöü.png", "äöüäöüäöüäöü.png"),
        ("tab\there.png", "tab_here.png"),
        ("x." + "s" * 40, "x." + "s" * 26),
        ("", "_"),
    ],
)
def test_a_long_name_keeps_its_suffix(name: str, fitted: str) -> None:
    assert fit_name(name) == fitted
