"""Single datagrams: what is written is read, and nothing else passes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.datagram.codec import (
    MAX_DATAGRAM_BYTES,
    MIN_DATAGRAM_BYTES,
    DatagramError,
    DatagramFault,
    decode,
    encode,
)
from sightline_bridge.datagram.outcomes import DatagramResult
from sightline_bridge.framing import FrameError
from tests.unit.bridge.datagrams import forged, sealed
from tests.unit.bridge.wire import names

LIMIT = 64 * 1024
sizes = st.integers(MIN_DATAGRAM_BYTES, 2000)


def fault_of(datagram: bytes) -> str:
    with pytest.raises(DatagramError) as caught:
        decode(datagram, LIMIT)
    return caught.value.fault


@given(
    name=st.one_of(st.none(), names),
    image=st.binary(min_size=1, max_size=5000),
    size=sizes,
    stream_id=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**33),
)
def test_the_fragments_of_a_frame_are_the_frame(
    name: str | None, image: bytes, size: int, stream_id: int, sequence: int
) -> None:
    sent = list(encode(stream_id, sequence, name, image, size))
    assert max(len(datagram) for datagram in sent) <= size
    fragments = [decode(datagram, LIMIT) for datagram in sent]
    assert {(fragment.stream_id, fragment.sequence) for fragment in fragments} == {(stream_id, sequence % 2**32)}
    assert [fragment.position for fragment in fragments] == list(range(len(sent)))
    (shape,) = {fragment.shape for fragment in fragments}
    frame = b"".join(fragment.payload for fragment in fragments)
    assert (shape.frame_bytes, shape.fragments) == (len(frame), len(sent))
    assert frame == (name or "").encode() + image
    assert shape.name_bytes == len((name or "").encode())


@given(image=st.binary(min_size=1, max_size=500), bit=st.integers(0), size=sizes)
def test_a_changed_bit_is_noticed_wherever_it_is(image: bytes, bit: int, size: int) -> None:
    datagram = bytearray(next(encode(1, 2, "a", image, size)))
    bit %= 8 * len(datagram)
    datagram[bit // 8] ^= 1 << bit % 8
    assert fault_of(bytes(datagram)) in {"bad-magic", "bad-version", "bad-checksum"}


@pytest.mark.parametrize("length", range(25))
def test_a_datagram_cut_off_in_its_header_is_none_of_ours(length: int) -> None:
    assert fault_of(next(encode(1, 2, None, b"x", 100))[:length]) in {"bad-magic", "bad-checksum"}


@pytest.mark.parametrize(
    ("datagram", "fault"),
    [
        (b"", "bad-magic"),
        (b"GET / HTTP/1.1\r\nHost: example\r\n", "bad-magic"),
        (forged(b"x", 0, 1, 1, version=2), "bad-version"),
        (forged(b"x", 0, 1, 1)[:-1] + b"?", "bad-checksum"),
        (forged(b"x", 0, 0, 1), "bad-fragment"),  # no fragments
        (forged(b"x", 1, 1, 1), "bad-fragment"),  # beyond the last one
        (forged(b"x", 0, 1, 0), "bad-fragment"),  # an empty frame
        (forged(b"xy", 0, 1, 3), "bad-fragment"),  # the only one, and not all
        (forged(b"xy", 0, 3, 4), "bad-fragment"),  # nothing would be left for the last one
        (forged(b"xy", 0, 3, 7), "bad-fragment"),  # the last one would be larger
        (forged(b"xyz", 2, 3, 7), "bad-fragment"),  # the last one is larger
        (forged(b"x", 2, 3, 6), "bad-fragment"),  # five bytes cannot be two of one size
        (forged(b"x", 65_534, 65_535, 65_534), "bad-fragment"),  # fragments of no size
        (forged(b"x", 0, 1, 2**32 - 1), "bad-fragment"),
        (forged(b"a", 0, 1, 1, name_bytes=1), "bad-fragment"),  # a name and no image
        (forged(b"a" * 30, 0, 1, 30, name_bytes=29), "bad-fragment"),  # a name that is too long
        (forged(b"ab", 0, 3, 6, name_bytes=2), "bad-fragment"),  # a name that fills the first fragment
        (forged(b"x" * 1000, 0, 66, 66_000), "too-large"),
        (forged(b"x", 65_534, 65_535, 65_535 * 65_535), "too-large"),
    ],
)
def test_what_cannot_be_is_refused(datagram: bytes, fault: str) -> None:
    assert fault_of(datagram) == fault


@pytest.mark.parametrize("fault", DatagramFault)
def test_every_fault_is_counted(fault: DatagramFault) -> None:
    """The reassembly looks it up by its value: one that is missing would stop the process."""
    assert DatagramResult(fault).value == fault


def test_the_limit_counts_the_image_without_its_name() -> None:
    decode(next(encode(1, 1, "a name", bytes(LIMIT), MAX_DATAGRAM_BYTES)), LIMIT)
    assert fault_of(next(encode(1, 1, "a name", bytes(LIMIT + 1), MAX_DATAGRAM_BYTES))) == "too-large"


@given(fields=st.binary(min_size=17, max_size=17), payload=st.binary(min_size=1, max_size=64))
def test_any_field_gives_a_fragment_or_a_datagram_error(fields: bytes, payload: bytes) -> None:
    datagram = sealed(b"SL\x01" + fields + payload)
    try:
        fragment = decode(datagram, LIMIT)
    except DatagramError:
        return
    before_last = fragment.shape.fragments - 1
    rest = fragment.shape.frame_bytes - before_last * fragment.shape.fragment_bytes
    assert 0 < rest <= fragment.shape.fragment_bytes
    assert len(fragment.payload) == (rest if fragment.position == before_last else fragment.shape.fragment_bytes)


@pytest.mark.parametrize(
    ("name", "image", "size", "code"),
    [
        (None, b"", 1472, "bad-length"),
        (None, bytes(65_535 * 29 + 1), MIN_DATAGRAM_BYTES, "bad-length"),
        ("x" * 29, b"x", 1472, "bad-name"),
        ("", b"x", 1472, "bad-name"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_sent(
    name: str | None, image: bytes, size: int, code: str
) -> None:
    with pytest.raises(FrameError) as caught:
        encode(1, 1, name, image, size)
    assert caught.value.code == code


def test_an_image_in_the_most_fragments_there_are() -> None:
    count = sum(1 for _ in encode(1, 1, None, bytes(65_535 * 29), MIN_DATAGRAM_BYTES))
    assert count == 65_535


def test_the_header_is_what_the_docs_say() -> None:
    datagram = next(encode(0x01020304, 0x05060708, "ab", b"image", 1472))
    assert datagram[:20] == b"SL\x01\x02\x01\x02\x03\x04\x05\x06\x07\x08" + struct.pack(">IHH", 7, 0, 1)
    assert datagram[20:-4] == b"abimage"
