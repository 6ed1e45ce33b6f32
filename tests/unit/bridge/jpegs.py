"""JPEG files as their markers make them; the pixels mean nothing."""

from hypothesis import strategies as st

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SOS = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"


def segment(marker: int, content: bytes) -> bytes:
    """A marker with its length and content."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content


def scan(coded: bytes) -> bytes:
    """Entropy-coded data as an encoder writes it: each FF is stuffed."""
    return SOS + coded.replace(b"\xff", b"\xff\x00")


def jpeg(coded: bytes = b"\x01\xff\x02", app: bytes = b"") -> bytes:
    """A file with one scan; `app` stands in an APP1 segment, where thumbnails are."""
    before = segment(0xE1, app) if app else b""
    return SOI + before + segment(0xDB, bytes(65)) + segment(0xC0, bytes(15)) + scan(coded) + EOI


THUMBNAIL = jpeg(b"thumb")

_contents = st.one_of(st.binary(max_size=40), st.sampled_from([THUMBNAIL, SOI + b"\xff", EOI, b"\xff" * 5]))
_segments = st.builds(segment, st.sampled_from([0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xEF, 0xFE]), _contents)
_restarts = st.integers(0xD0, 0xD7).map(lambda code: bytes([0xFF, code]))
_coded = st.one_of(
    st.binary(max_size=60).map(lambda coded: coded.replace(b"\xff", b"\xff\x00")),
    _restarts,
    st.just(b"\xff\xff\x00"),
    st.builds(
        lambda unit, times: unit.replace(b"\xff", b"\xff\x00") * times, st.binary(max_size=5), st.integers(1, 300)
    ),
)
_scans = st.builds(lambda parts: SOS + b"".join(parts), st.lists(_coded, max_size=3))
_fill = st.integers(0, 3).map(lambda count: b"\xff" * count)
_parts = st.lists(
    st.builds(lambda fill, part: fill + part, _fill, st.one_of(_segments, _scans)), min_size=1, max_size=5
)
# Fill bytes may stand before any marker, progressive files have segments between their scans.
jpegs = st.builds(lambda parts, fill: SOI + b"".join(parts) + fill + EOI, _parts, _fill)
