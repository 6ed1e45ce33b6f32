"""The bridge's side of the acknowledged protocol without a socket."""

import contextlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.ack.messages import (
    ANSWER_BYTES,
    Answer,
    AnswerKind,
    GoodbyeCode,
    NackCode,
    decode_answer,
    encode_head,
    encode_hello,
)
from sightline_bridge.ack.session import AckFrame, AckSession
from sightline_bridge.framing import NEED_DATA, FrameError
from tests.unit.bridge.wire import cut, names, payloads

LIMIT = 64 * 1024
ACK, NACK, GOODBYE, WELCOME = AnswerKind.ACK, AnswerKind.NACK, AnswerKind.GOODBYE, AnswerKind.WELCOME


def session(window: int = 8, refused: list[FrameError] | None = None) -> AckSession:
    return AckSession(LIMIT, window, (refused if refused is not None else []).append)


def frame(frame_id: int, payload: bytes = b"x", name: str | None = None, content_type: str | None = None) -> bytes:
    return encode_head(frame_id, name, content_type, payload) + payload


def damaged_name(frame_id: int, name: bytes) -> bytes:
    """A frame with a right checksum whose name our encoder would not write."""
    good = frame(frame_id, name="n" * len(name))
    head = bytearray(good[:-1].replace(b"n" * len(name), name))
    head[16:20] = _crc(bytes(head[:16] + head[20:]) + good[-1:])
    return bytes(head) + good[-1:]


def _crc(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4)


def drain(reader: AckSession) -> list[AckFrame]:
    frames = []
    while isinstance(found := reader.next_frame(), AckFrame):
        frames.append(found)
    assert found is NEED_DATA
    return frames


def parse(reader: AckSession, chunks: Iterable[bytes]) -> list[AckFrame]:
    frames = []
    for chunk in chunks:
        reader.feed(chunk)
        frames += drain(reader)
    return frames


def said(reader: AckSession) -> list[Answer]:
    wire = reader.take_answers()
    assert len(wire) % ANSWER_BYTES == 0
    return [decode_answer(wire[at : at + ANSWER_BYTES]) for at in range(0, len(wire), ANSWER_BYTES)]


def refuse(reader: AckSession, wire: bytes) -> Answer:
    """The goodbye that `wire` is answered with."""
    reader.feed(wire)
    with pytest.raises(FrameError) as caught:
        drain(reader)
    with pytest.raises(FrameError) as again:
        reader.next_frame()
    assert again.value is caught.value
    (goodbye,) = [answer for answer in said(reader) if answer.kind is GOODBYE]
    assert GoodbyeCode(goodbye.code).name.lower().replace("_", "-") == caught.value.code
    return goodbye


ack_frames = st.lists(st.tuples(st.integers(1, 1000), payloads, st.none() | names), max_size=6)


@given(ack_frames, st.lists(st.integers(0, 2**20), max_size=12))
def test_any_cut_gives_the_same_frames(frames: list[tuple[int, bytes, str | None]], cuts: list[int]) -> None:
    """The gaps between ids are arbitrary."""
    wire, expected, frame_id = encode_hello("camera-7"), [], 0
    for gap, payload, name in frames:
        frame_id += gap
        wire += frame(frame_id, payload, name)
        expected.append((frame_id, payload, name, "camera-7"))
    reader = session()
    found = parse(reader, cut(wire, cuts))
    assert [(one.frame_id, one.payload, one.name, one.sender_id) for one in found] == expected
    assert reader.at_boundary
    reader.close()
    assert [answer.kind for answer in said(reader)] == [WELCOME]


@given(st.binary(max_size=4096), st.booleans(), st.lists(st.integers(0, 4096), max_size=4))
def test_garbage_gives_frames_or_a_frame_error_and_nothing_else(
    garbage: bytes, after_hello: bool, cuts: list[int]
) -> None:
    reader = session()
    with contextlib.suppress(FrameError):  # any other exception fails the test
        parse(reader, cut(encode_hello("s") * after_hello + garbage, cuts))
        reader.close()
    said(reader)


def test_hello_is_welcomed_before_any_frame_comes() -> None:
    reader = session(window=3)
    assert parse(reader, [encode_hello("s")]) == []
    assert said(reader) == [Answer(WELCOME, 1, again=False, value=3 << 32 | LIMIT)]
    assert said(reader) == []


def test_what_was_settled_together_is_one_acknowledgement_in_order() -> None:
    """A frame that is settled before one that came earlier waits for it."""
    reader = session()
    parse(reader, [encode_hello("s") + frame(1) + frame(2) + frame(5) + frame(9)])
    said(reader)
    reader.settled(2)
    assert said(reader) == []
    reader.settled(1)
    reader.settled(5)
    assert said(reader) == [Answer(ACK, 0, again=False, value=5)]
    assert reader.unacknowledged == 1
    reader.settled(9)
    assert said(reader) == [Answer(ACK, 0, again=False, value=9)]


def awaited(reader: AckSession) -> bool:
    """As a call: for mypy a property keeps its value."""
    return reader.answer_is_awaited


def test_an_answer_is_awaited_when_the_sender_might_stand_still_without() -> None:
    reader = session(window=6)
    parse(reader, [encode_hello("s")])
    assert awaited(reader)
    said(reader)
    parse(reader, [b"".join(map(frame, range(1, 7)))])
    for frame_id, expected in enumerate([False, False, True], 1):
        reader.settled(frame_id)
        assert awaited(reader) == expected
    said(reader)
    reader.settled(4)
    assert not awaited(reader)
    reader.settled(6, NackCode.TOO_LARGE)
    assert awaited(reader)
    said(reader)
    assert not awaited(reader)
    reader.settled(5)
    assert awaited(reader)


def test_a_refused_frame_is_named_and_then_passed_over() -> None:
    reader = session()
    parse(reader, [encode_hello("s") + frame(1) + frame(2) + frame(3)])
    said(reader)
    reader.settled(2, NackCode.TOO_LARGE)
    reader.settled(3)
    assert said(reader) == [Answer(NACK, NackCode.TOO_LARGE, again=False, value=2)]
    reader.settled(1)
    assert said(reader) == [Answer(ACK, 0, again=False, value=3)]


def test_behind_a_frame_that_is_given_back_nothing_is_acknowledged() -> None:
    reader = session()
    parse(reader, [encode_hello("s") + frame(1) + frame(2) + frame(3)])
    said(reader)
    reader.settled(2, NackCode.NOT_STORED)
    reader.settled(3)
    reader.settled(1)
    assert said(reader) == [
        Answer(NACK, NackCode.NOT_STORED, again=True, value=2),
        Answer(ACK, 0, again=False, value=1),
    ]


def test_a_name_or_type_that_is_none_costs_its_frame_and_no_other() -> None:
    refused: list[FrameError] = []
    reader = session(refused=refused)
    wire = encode_hello("s") + frame(1) + damaged_name(2, b"\xff") + damaged_name(3, b"a\nb") + frame(4)
    assert [one.frame_id for one in parse(reader, [wire])] == [1, 4]
    assert [error.code for error in refused] == ["bad-name", "bad-name"]
    reader.settled(1)
    reader.settled(4)
    bad = [Answer(NACK, NackCode.BAD_NAME, again=False, value=frame_id) for frame_id in (2, 3)]
    assert said(reader)[1:] == [*bad, Answer(ACK, 0, again=False, value=4)]


def test_the_last_acknowledgement_is_repeated_while_frames_wait() -> None:
    reader = session()
    parse(reader, [encode_hello("s")])
    said(reader)
    reader.repeat()
    assert said(reader) == []
    parse(reader, [frame(7)])
    reader.repeat()
    assert said(reader) == [Answer(ACK, 0, again=False, value=0)]


def test_going_away_is_said_once_and_acknowledgements_follow() -> None:
    reader = session()
    parse(reader, [encode_hello("s") + frame(1)])
    said(reader)
    reader.goodbye(GoodbyeCode.GOING_AWAY)
    reader.goodbye(GoodbyeCode.IDLE_TIMEOUT)
    reader.settled(1)
    assert said(reader) == [
        Answer(GOODBYE, GoodbyeCode.GOING_AWAY, again=True, value=1),
        Answer(ACK, 0, again=False, value=1),
    ]


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"GET / HTTP/1.1\r\n", GoodbyeCode.BAD_MESSAGE),
        (b"SLAK\x02\x01\0\0\0\0\0\0s", GoodbyeCode.BAD_VERSION),
        (b"SLAK\x01\x01\0\0\0\0\0\0s", GoodbyeCode.BAD_CHECKSUM),
        (encode_hello("s") + encode_hello("s") + bytes(20), GoodbyeCode.BAD_MESSAGE),
        (encode_hello("s") + frame(1)[:-1] + b"y", GoodbyeCode.BAD_CHECKSUM),
        (encode_hello("s") + frame(1) + frame(1), GoodbyeCode.BAD_ID),
        (encode_hello("s") + frame(2) + frame(1), GoodbyeCode.BAD_ID),
        (encode_hello("s") + frame(1, b"x" * (LIMIT + 1))[:20], GoodbyeCode.BAD_LENGTH),
        (encode_hello("s") + b"F\0\0\0\0\0\0\0" + bytes(12), GoodbyeCode.BAD_LENGTH),
        (encode_hello("s") + b"".join(map(frame, range(1, 10))), GoodbyeCode.WINDOW_EXCEEDED),
    ],
)
def test_each_fault_has_its_goodbye(wire: bytes, code: GoodbyeCode) -> None:
    assert refuse(session(window=8), wire) == Answer(GOODBYE, code, code.again, value=1)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"a\nb", b"x" * 65])
def test_what_is_no_sender_id_has_its_goodbye(raw: bytes) -> None:
    head = b"SLAK\x01" + bytes([len(raw)]) + b"\0\0"
    assert refuse(session(), head + _crc(head + raw) + raw).code == GoodbyeCode.BAD_SENDER


def test_the_window_opens_with_each_acknowledgement() -> None:
    reader = session(window=2)
    parse(reader, [encode_hello("s")])
    for frame_id in range(1, 50):
        parse(reader, [frame(frame_id)])
        if frame_id > 1:
            reader.settled(frame_id - 1)


def test_a_frame_sent_again_is_the_same_image_and_another_sender_or_number_or_payload_is_not() -> None:
    def image_id(sender: str, frame_id: int, payload: bytes = b"x") -> str:
        (found,) = parse(session(), [encode_hello(sender) + frame(frame_id, payload)])
        return found.image_id

    assert image_id("a", 1) == image_id("a", 1)
    different = [image_id("a", 1), image_id("b", 1), image_id("a", 2), image_id("a", 1, b"y"), image_id("a/1", 1)]
    assert len(set(different)) == len(different)
