"""The acknowledged protocol in docs/wire-formats.md: its bytes and codes are those of the program."""

import re
from enum import IntEnum

import pytest

from sightline_bridge.ack.messages import (
    Answer,
    AnswerKind,
    GoodbyeCode,
    NackCode,
    decode_head,
    encode_head,
    encode_hello,
    head_length,
)
from sightline_bridge.ack.session import AckFrame, AckSession
from tests.unit.bridge.test_wire_format_docs import PAGE

SECTION = PAGE.split("\n## Acknowledged frames\n")[1].split("\n## ")[0]


def part(heading: str) -> str:
    return SECTION.split(f"\n### {heading}\n")[1].split("\n### ")[0]


def example(heading: str) -> bytes:
    rows = re.findall(r"^\| (\d+) \| (\d+) \| `([0-9a-f ]+)` \|", part(heading), re.MULTILINE)
    wire = b""
    for offset, size, text in rows:
        field = bytes.fromhex(text)
        assert (int(offset), int(size)) == (len(wire), len(field))
        wire += field
    return wire


def codes(heading: str, after: str) -> list[tuple[int, bool, str]]:
    table = part(heading).split(f"**{after}**")[1].split("\n**")[0]
    rows = re.findall(r"^\| (\d+) \| ([01]) \| `([a-z-]+)` \|", table, re.MULTILINE)
    return [(int(code), again == "1", name) for code, again, name in rows]


def spelled(code: IntEnum) -> str:
    return code.name.lower().replace("_", "-")


def test_the_examples_are_what_a_sender_writes() -> None:
    assert example("HELLO") == encode_hello("camera-7")
    assert example("FRAME") == encode_head(42, "digit-7.gif", "image/gif", b"GIF89a") + b"GIF89a"
    assert example("Answers") == Answer(AnswerKind.ACK, 0, again=False, value=42).encode()


def test_the_examples_read_as_stated() -> None:
    session = AckSession(1024, 8, lambda error: pytest.fail(error.detail))
    session.feed(example("HELLO") + example("FRAME"))
    frame = session.next_frame()
    assert isinstance(frame, AckFrame)
    assert f"Reads as: sender `{frame.sender_id}`." in part("HELLO")
    assert isinstance(frame.payload, bytes)
    stated = f"id `{frame.frame_id}`, name `{frame.name}`, content type `{frame.content_type}`"
    assert f"Reads as: {stated}, payload `{frame.payload.decode()}`." in part("FRAME")
    wire = example("FRAME")
    decode_head(wire[: head_length(wire)]).check(frame.payload)


def test_the_codes_are_those_of_the_program() -> None:
    assert codes("Answers", "NACK") == [(code, code is NackCode.NOT_STORED, spelled(code)) for code in NackCode]
    assert codes("Answers", "GOODBYE") == [(code, code.again, spelled(code)) for code in GoodbyeCode]
