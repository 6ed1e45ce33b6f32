"""The acknowledged protocol's bytes: what is written is read, and damage anywhere is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.ack.messages import (
    ANSWER_BYTES,
    HELLO_BYTES,
    HIGHEST_ID,
    Answer,
    AnswerKind,
    GoodbyeCode,
    NackCode,
    decode_answer,
    decode_head,
    decode_hello,
    encode_head,
    encode_hello,
    head_length,
    hello_length,
    welcome,
)
from sightline_bridge.framing import FrameError
from tests.unit.bridge.wire import names, payloads

answers = st.builds(
    Answer,
    st.sampled_from(AnswerKind),
    st.integers(0, 255),
    st.booleans(),
    st.integers(0, HIGHEST_ID),
)
content_types = st.from_regex(r"[a-z0-9.+-]{1,20}/[a-z0-9.+-]{1,20}", fullmatch=True)


@given(answers)
def test_an_answer_reads_as_it_was_written(answer: Answer) -> None:
    wire = answer.encode()
    assert len(wire) == ANSWER_BYTES
    assert decode_answer(wire) == answer


@given(answers, st.integers(0, 8 * ANSWER_BYTES - 1))
def test_an_answer_with_any_bit_wrong_is_refused(answer: Answer, bit: int) -> None:
    wire = bytearray(answer.encode())
    wire[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError) as caught:
        decode_answer(bytes(wire))
    assert caught.value.code == "bad-checksum"


def test_an_answer_of_a_type_to_come_is_no_answer() -> None:
    wire = Answer(AnswerKind.ACK, 0, again=False, value=1).encode()
    with pytest.raises(FrameError) as caught:
        decode_answer(_with_checksum(b"Z" + wire[1:12]))
    assert caught.value.code == "bad-message"


def test_welcome_carries_window_and_limit() -> None:
    answer = welcome(1024, 10 * 1024 * 1024)
    assert (answer.value >> 32, answer.value & 0xFFFFFFFF) == (1024, 10 * 1024 * 1024)


@given(names)
def test_hello_reads_as_it_was_written(sender_id: str) -> None:
    wire = encode_hello(sender_id)
    assert hello_length(wire[:HELLO_BYTES]) == len(wire)
    assert decode_hello(wire) == sender_id


@pytest.mark.parametrize("sender_id", ["", "a\n", "x" * 65, "ä" * 33])
def test_what_is_no_sender_id_cannot_be_written(sender_id: str) -> None:
    with pytest.raises(FrameError) as caught:
        encode_hello(sender_id)
    assert caught.value.code == "bad-sender"


@given(st.integers(1, HIGHEST_ID), st.none() | names, st.none() | content_types, payloads)
def test_a_head_reads_as_it_was_written(
    frame_id: int, name: str | None, content_type: str | None, payload: bytes
) -> None:
    wire = encode_head(frame_id, name, content_type, payload)
    assert head_length(wire) == len(wire)
    head = decode_head(wire)
    head.check(payload)
    assert (head.frame_id, head.length) == (frame_id, len(payload))
    assert (head.name, head.content_type) == ((name or "").encode(), (content_type or "").encode())


@given(st.integers(1, HIGHEST_ID), names, content_types, payloads, st.integers(0, 2**20))
def test_a_frame_with_any_bit_wrong_is_refused(
    frame_id: int, name: str, content_type: str, payload: bytes, bit: int
) -> None:
    """Lengths included: whoever reads a frame of another length has other bytes under the checksum."""
    head = encode_head(frame_id, name, content_type, payload)
    wire = bytearray(head + payload)
    wire[bit // 8 % len(wire)] ^= 1 << bit % 8
    damaged = bytes(wire)
    with pytest.raises(FrameError) as caught:
        decode_head(damaged[: head_length(damaged)]).check(damaged[head_length(damaged) :])
    assert caught.value.code in {"bad-checksum", "bad-message"}


@pytest.mark.parametrize(
    ("frame_id", "name", "content_type", "payload", "code"),
    [
        (0, None, None, b"x", "bad-id"),
        (HIGHEST_ID + 1, None, None, b"x", "bad-id"),
        (1, "x" * 29, None, b"x", "bad-name"),
        (1, "", None, b"x", "bad-name"),
        (1, None, "image", b"x", "bad-content-type"),
        (1, None, "IMAGE/PNG", b"x", "bad-content-type"),
        (1, None, "image/" + "p" * 60, b"x", "bad-content-type"),
        (1, None, None, b"", "bad-length"),
    ],
)
def test_what_no_frame_may_have_cannot_be_written(
    frame_id: int, name: str | None, content_type: str | None, payload: bytes, code: str
) -> None:
    with pytest.raises(FrameError) as caught:
        encode_head(frame_id, name, content_type, payload)
    assert caught.value.code == code


def test_who_may_come_again_is_told_so() -> None:
    final = {code for code in GoodbyeCode if not code.again}
    assert final == {
        GoodbyeCode.BAD_VERSION,
        GoodbyeCode.BAD_SENDER,
        GoodbyeCode.BAD_ID,
        GoodbyeCode.WINDOW_EXCEEDED,
        GoodbyeCode.UNEXPECTED_HELLO,
    }
    assert len(NackCode) == 4


def _with_checksum(body: bytes) -> bytes:
    """CRC32C bit by bit, so that the library is checked too."""
    crc = 0xFFFFFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return body + (crc ^ 0xFFFFFFFF).to_bytes(4)
