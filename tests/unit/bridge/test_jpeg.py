"""The framing `jpeg`: files are told apart by their markers, and what is none is passed over, counted and bounded."""

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline_bridge.framing import FRAMINGS, NEED_DATA, Frame, FrameError
from sightline_bridge.framing.frames import UNANNOUNCED_BYTES
from sightline_bridge.framing.jpeg import MAX_SKIPPED_FRAMES, JpegParser
from tests.unit.bridge.jpegs import EOI, SOI, SOS, THUMBNAIL, jpeg, jpegs, scan, segment
from tests.unit.bridge.wire import LIMIT, cut, parse, parse_to_the_end, seconds_to_parse

JPEG = FRAMINGS["jpeg"]
PHOTOS = Path(__file__).parents[3] / "spark-app/engine/src/test/resources/images"
cuts = st.lists(st.integers(0, 2**20), max_size=12)
no_start = st.binary(max_size=200).map(lambda garbage: garbage.replace(b"\xff", b"\xfe"))


def payloads_of(*chunks: bytes) -> list[bytes]:
    return [bytes(frame.payload) for frame in parse(JpegParser(LIMIT), chunks)]


def real(size: tuple[int, int], **options: object) -> bytes:
    pixels = Image.effect_noise(size, 90).convert("RGB")
    file = BytesIO()
    pixels.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"exif": b"Exif\0\0" + THUMBNAIL}]
)
def test_real_files_are_told_apart(options: dict[str, object]) -> None:
    files = [real((width, 40), quality=95, **options) for width in (16, 200, 333)]
    wire = b"".join(files)
    assert [frame.payload for frame in parse(JpegParser(10**6), [wire])] == files
    assert [frame.payload for frame in parse(JpegParser(10**6), (bytes([byte]) for byte in wire))] == files


def test_an_end_marker_in_a_segment_ends_nothing() -> None:
    whole = jpeg(app=b"Exif\0\0" + THUMBNAIL + EOI)
    assert payloads_of(whole + whole) == [whole, whole]


@given(files=st.lists(jpegs, min_size=1, max_size=4), garbage=st.lists(no_start, min_size=5, max_size=5), cuts=cuts)
def test_what_stands_between_files_is_passed_over_and_counted(
    files: list[bytes], garbage: list[bytes], cuts: list[int]
) -> None:
    wire = garbage[4] + b"".join(file + between for file, between in zip(files, garbage, strict=False))
    parser = JpegParser(LIMIT)
    assert [frame.payload for frame in parse(parser, cut(wire, cuts))] == files
    assert parser.skipped_bytes == len(wire) - sum(map(len, files))
    assert parser.at_boundary
    assert parser.close() is None


@given(lost=jpegs, at=st.integers(3, 2**20), whole=jpegs, cuts=cuts)
def test_a_file_that_is_cut_off_costs_no_more_than_its_announced_segment(
    lost: bytes, at: int, whole: bytes, cuts: list[int]
) -> None:
    """A segment that was announced swallows what follows it: at most 64 KiB. After that all is found again."""
    torn = lost[: 3 + at % (len(lost) - 3)]
    frames = parse(JpegParser(10**6), cut(torn + bytes(2**16) + whole, cuts))
    assert frames[-1] == Frame(None, whole)


def test_a_file_cut_off_in_its_scan_costs_only_itself() -> None:
    parser = JpegParser(LIMIT)
    torn = jpeg(b"x" * 500)[:-100]
    assert parse(parser, [torn + jpeg()]) == [Frame(None, jpeg())]
    assert parser.skipped_bytes == len(torn)


@pytest.mark.parametrize(
    "broken",
    [
        SOI + b"\xff\x00",
        SOI + b"\xff\x02",
        SOI + b"\xff\xe0\x00\x01",
        SOI + b"\xff\xe0\x00\x00",
        SOI + segment(0xE0, b"x") + b"x",
        SOI + scan(b"x") + b"\xff\x01\x33",
        SOI + b"x",
        SOI + SOI,
        b"\xff\xff",
        SOI + scan(b"x") + SOI,
    ],
)
def test_a_broken_start_is_left_for_the_next(broken: bytes) -> None:
    parser = JpegParser(LIMIT)
    wire = broken + jpeg()
    assert parse(parser, [wire]) == [Frame(None, jpeg())]
    assert parser.skipped_bytes == len(broken)
    assert payloads_of(*(bytes([byte]) for byte in wire)) == [jpeg()]


@given(
    garbage=st.lists(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\xff", SOI, EOI, SOI + b"\xff", SOS, b"\xff\xe1\x00\x09"])),
        max_size=60,
    ).map(b"".join),
    cuts=cuts,
    limit=st.integers(4, 80),
)
def test_any_bytes_read_the_same_however_they_are_cut(garbage: bytes, cuts: list[int], limit: int) -> None:
    whole = parse_to_the_end(JPEG, [garbage], limit)
    assert parse_to_the_end(JPEG, cut(garbage, cuts), limit) == whole
    assert parse_to_the_end(JPEG, (bytes([byte]) for byte in garbage), limit) == whole
    assert all(4 <= len(frame.payload) <= limit for frame in whole.items)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_the_limit_counts_the_whole_file(size: int) -> None:
    empty = len(jpeg(b""))
    file = jpeg(b"x" * (size - empty))
    assert len(file) == size
    parser = JpegParser(LIMIT)
    frames = parse(parser, [file[:1000], file[1000:], jpeg()])
    assert [frame.payload for frame in frames] == ([file, jpeg()] if size == LIMIT else [jpeg()])
    assert parser.skipped_bytes == (0 if size == LIMIT else size)


def test_a_segment_over_the_limit_is_passed_over_with_what_it_holds() -> None:
    """Known from its length, before any of it came; a thumbnail in it is no frame."""
    parser = JpegParser(1000)
    large = SOI + segment(0xE1, THUMBNAIL + bytes(2000)) + scan(b"x") + EOI
    parser.feed(large[:6])
    assert parser.next_frame() is NEED_DATA
    assert parser.skipped_bytes == 6
    assert parser.at_boundary
    assert parse(parser, [large[6:], jpeg()]) == [Frame(None, jpeg())]


def test_a_stream_that_is_no_jpeg_is_given_up() -> None:
    parser = JpegParser(1000)
    with pytest.raises(FrameError, match="MJPEG") as caught:
        parse(parser, [bytes(100)] * (MAX_SKIPPED_FRAMES * 10 + 1))
    assert parse(JpegParser(1000), [bytes(100)] * (MAX_SKIPPED_FRAMES * 10)) == []
    assert caught.value.code == "no-frame"
    with pytest.raises(FrameError) as again:
        parser.next_frame()
    assert again.value is caught.value
    with pytest.raises(FrameError):
        parser.close()


def test_what_is_passed_over_between_whole_files_adds_up_to_no_error() -> None:
    """A camera's stream over HTTP has a header before each picture, for ever."""
    parser = JpegParser(1000)
    part = b"\r\n--next\r\nContent-Type: image/jpeg\r\n\r\n"
    for _ in range(300):
        assert parse(parser, [part + jpeg()]) == [Frame(None, jpeg())]
    assert parser.skipped_bytes == 300 * len(part) > MAX_SKIPPED_FRAMES * 1000


@pytest.mark.parametrize("end", [1, 2, 3, 30, -1])
def test_a_stream_that_ends_within_a_file_says_so(end: int) -> None:
    parser = JpegParser(LIMIT)
    assert parse(parser, [jpeg(), jpeg()[:end]]) == [Frame(None, jpeg())]
    assert not parser.at_boundary
    with pytest.raises(FrameError, match="after the start") as caught:
        parser.close()
    assert caught.value.code == "truncated-frame"


def test_room_is_asked_for_as_a_file_grows() -> None:
    parser = JpegParser(10**6)
    asked = set()
    parser.feed(SOI + SOS)
    for number in range(99):
        parser.feed(bytes(10_000))
        assert parser.next_frame() is NEED_DATA
        asked.add(parser.pending_bytes)
        assert parser.pending_bytes >= 10_000 * (number + 1) or number * 10_000 < UNANNOUNCED_BYTES
    assert asked == {0, 131072, 262144, 524288, 10**6}


def test_garbage_is_not_held() -> None:
    parser = JpegParser(10**7)
    tracemalloc.start()
    try:
        for _ in range(200):
            parser.feed(bytes(100_000))
            assert parser.next_frame() is NEED_DATA
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff",
        SOI + b"\xff\x00",
        SOI + b"\xff\xda\x00\x02",
        SOI + b"\xff\xe0\xff\xff",
        SOI + b"\xff",
    ],
    ids=["fill", "starts", "scans", "segments", "half-starts"],
)
def test_hostile_bytes_take_time_in_proportion_to_their_number(hostile: bytes) -> None:
    """Ten times the bytes once were a hundred times the work in parsers that search again after each disappointment."""

    def seconds(length: int) -> float:
        return seconds_to_parse(lambda: JpegParser(10**6), [hostile * (length // len(hostile))])

    assert seconds(400_000) < 30 * seconds(40_000) + 0.2


@pytest.mark.parametrize(
    "payload", [b"", b"x", b"\x89PNG\r\n\x1a\n", jpeg() + b"\n", jpeg() + jpeg(), jpeg()[:-1], b"x" + jpeg()]
)
def test_what_would_be_read_otherwise_cannot_be_written(payload: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        JPEG.encode(Frame(None, payload))
    assert caught.value.code == "bad-payload"


def test_photos_can_be_written() -> None:
    for file in sorted(PHOTOS.glob("*.jpg")):
        photo = file.read_bytes()
        assert JPEG.encode(Frame(None, photo)) == photo
