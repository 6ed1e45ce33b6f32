"""The framing `lines`: records of text, whatever its encoding and its line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.framing import FRAMINGS, NEED_DATA, Frame, FrameError
from sightline_bridge.framing.lines import LinesParser, lines_framing
from tests.unit.bridge.wire import cut, parse_to_the_end, seconds_to_parse

LINES = FRAMINGS["lines"]


@pytest.mark.parametrize(
    ("wire", "lines"),
    [
        (b"one\ntwo\n", [b"one", b"two"]),
        (b"one\r\ntwo\r\n", [b"one", b"two"]),
        (b"one\n\n\r\n\ntwo", [b"one", b"two"]),
        (b"a\rb\r\r\n", [b"a\rb\r"]),
        (b"last\r", [b"last"]),
        ("grün\n".encode("latin-1"), ["grün".encode("latin-1")]),
        (b"\0\n", [b"\0"]),
        (b"\n", []),
        (b"\r", []),
        (b"", []),
    ],
)
def test_lines_come_without_their_ends_and_empty_ones_not_at_all(wire: bytes, lines: list[bytes]) -> None:
    whole = parse_to_the_end(LINES, [wire])
    assert whole == ([Frame(None, line) for line in lines], None)
    assert parse_to_the_end(LINES, (bytes([byte]) for byte in wire)) == whole


@pytest.mark.parametrize("wire", [b"12345\n", b"12345\r\n", b"12345", b"12345\r"])
def test_the_limit_does_not_count_the_end(wire: bytes) -> None:
    assert parse_to_the_end(lines_framing(5), [wire]) == ([Frame(None, b"12345")], None)


@pytest.mark.parametrize("wire", [b"ok\n123456\nok\n", b"ok\n123456", b"ok\n12345\r6", b"ok\n12345\rx\n"])
def test_a_longer_line_is_refused_and_those_before_it_are_taken(wire: bytes) -> None:
    assert parse_to_the_end(lines_framing(5), [wire]) == ([Frame(None, b"ok")], "bad-length")
    assert parse_to_the_end(lines_framing(5), (bytes([byte]) for byte in wire)) == ([Frame(None, b"ok")], "bad-length")


def test_a_line_without_end_is_refused_before_more_of_it_is_held() -> None:
    parser = LinesParser(1000)
    parser.feed(b"x" * 1001)
    with pytest.raises(FrameError, match="1000 bytes"):
        parser.next_frame()
    with pytest.raises(FrameError, match="1000 bytes"):
        parser.close()


def test_frames_may_be_smaller_than_lines() -> None:
    assert parse_to_the_end(lines_framing(1000), [b"12345678\n"], limit=7).error == "bad-length"


@given(
    text=st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"abc", b"abcdef"]), max_size=30).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_any_text_reads_the_same_however_it_is_cut(text: bytes, cuts: list[int]) -> None:
    assert parse_to_the_end(lines_framing(6), cut(text, cuts)) == parse_to_the_end(lines_framing(6), [text])


def test_a_boundary_is_where_no_line_is_begun() -> None:
    parser = LinesParser(100)
    parser.feed(b"one\ntw")
    assert parser.next_frame() == Frame(None, b"one")
    assert parser.next_frame() is NEED_DATA
    begun = parser.at_boundary
    parser.feed(b"o\n")
    assert parser.next_frame() == Frame(None, b"two")
    assert (begun, parser.at_boundary) == (False, True)
    assert parser.close() is None


def test_single_bytes_of_long_lines_take_time_in_proportion() -> None:
    def seconds(length: int) -> float:
        return seconds_to_parse(lambda: LinesParser(10**7), [b"x"] * length)

    assert seconds(400_000) < 30 * seconds(40_000) + 0.2


def test_many_short_lines_in_one_piece_take_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        return seconds_to_parse(lambda: LinesParser(100), [b"x\n" * count])

    assert seconds(300_000) < 30 * seconds(30_000) + 0.2


@pytest.mark.parametrize("payload", [b"", b"\n", b"a\nb", b"a\n"])
def test_what_would_be_read_otherwise_cannot_be_written(payload: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        LINES.encode(Frame(None, payload))
    assert caught.value.code == "bad-payload"
