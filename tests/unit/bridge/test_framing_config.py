"""How a source's framing is told, and what is refused with the name of the option."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sightline_bridge.framing import FRAMINGS, Frame, FrameError
from sightline_bridge.framing.config import MAX_OFFSET_BYTES, FramingConfig, topic_of
from tests.unit.bridge.wire import parse, parse_to_the_end

OPTIONS: TypeAdapter[FramingConfig] = TypeAdapter(FramingConfig)


@pytest.mark.parametrize("name", [name for name in FRAMINGS if name != "lines"])
@pytest.mark.parametrize("as_table", [False, True])
def test_a_name_alone_is_a_framing_with_its_defaults(name: str, as_table: bool) -> None:
    options = OPTIONS.validate_python({"type": name} if as_table else name)
    assert options.type == options.framing().name == name
    assert topic_of(options) is None


def test_length_without_options_is_what_it_always_was() -> None:
    framing = OPTIONS.validate_python("length").framing()
    assert framing.encode(Frame(None, b"abc")) == FRAMINGS["length"].encode(Frame(None, b"abc")) == b"\0\0\0\3abc"


@pytest.mark.parametrize(
    ("options", "wire"),
    [
        ({"width": 1}, b"\x03abc"),
        ({"width": 2, "endianness": "little"}, b"\x03\x00abc"),
        ({"width": 3}, b"\x00\x00\x03abc"),
        ({"width": 8, "endianness": "little"}, b"\x03" + bytes(7) + b"abc"),
        ({"offset": 2}, b"\x00\x00\x00\x00\x00\x03abc"),
        ({"includes_header": True}, b"\x00\x00\x00\x07abc"),
        ({"width": 2, "endianness": "little", "offset": 4, "includes_header": True}, bytes(4) + b"\x09\x00abc"),
    ],
)
def test_the_length_is_where_and_as_the_options_say(options: dict[str, Any], wire: bytes) -> None:
    framing = OPTIONS.validate_python({"type": "length", **options}).framing()
    assert framing.encode(Frame(None, b"abc")) == wire
    assert parse(framing.parser(100), [wire, wire]) == [Frame(None, b"abc")] * 2


def test_bytes_before_the_length_may_be_anything() -> None:
    framing = OPTIONS.validate_python({"type": "length", "offset": 3, "width": 1}).framing()
    assert parse(framing.parser(100), [b"\xff\x00\x01\x02hi", b"...\x01!"]) == [Frame(None, b"hi"), Frame(None, b"!")]


@pytest.mark.parametrize("told", [b"\x00", b"\x04", b"\x05"])
def test_a_length_that_does_not_count_a_payload_is_refused(told: bytes) -> None:
    framing = OPTIONS.validate_python({"type": "length", "offset": 4, "width": 1, "includes_header": True}).framing()
    assert parse_to_the_end(framing, [b"head" + told + b"payload"]) == ([], "bad-length")
    assert parse_to_the_end(framing, [b"head\x06x"]) == ([Frame(None, b"x")], None)


@pytest.mark.parametrize(("options", "longest"), [({}, 255), ({"includes_header": True}, 254)])
def test_a_length_that_its_width_cannot_tell_cannot_be_written(options: dict[str, Any], longest: int) -> None:
    framing = OPTIONS.validate_python({"type": "length", "width": 1, **options}).framing()
    assert framing.encode_header(None, longest) == b"\xff"
    with pytest.raises(FrameError, match="1 bytes"):
        framing.encode_header(None, longest + 1)


def test_a_length_of_eight_bytes_is_checked_before_anything_is_held() -> None:
    framing = OPTIONS.validate_python({"type": "length", "width": 8}).framing()
    assert parse_to_the_end(framing, [b"\xff" * 8]) == ([], "bad-length")
    assert parse_to_the_end(framing, [b"\x80" + bytes(7)]) == ([], "bad-length")


def test_lines_have_their_topic_and_their_limit() -> None:
    options = OPTIONS.validate_python({"type": "lines", "topic": "words", "max_length": 4})
    assert topic_of(options) == "words"
    assert parse_to_the_end(options.framing(), [b"abcd\nabcde\n"]) == ([Frame(None, b"abcd")], "bad-length")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("avi", "avi"),
        ({"type": "avi"}, "avi"),
        ({}, "type"),
        ({"type": "length", "width": 0}, "width"),
        ({"type": "length", "width": 9}, "width"),
        ({"type": "length", "offset": -1}, "offset"),
        ({"type": "length", "offset": MAX_OFFSET_BYTES + 1}, "offset"),
        ({"type": "length", "endianness": "middle"}, "endianness"),
        ({"type": "length", "topic": "words"}, "topic"),
        ({"type": "fixed28", "width": 4}, "width"),
        ("lines", "topic"),
        ({"type": "lines", "topic": "a b"}, "topic"),
        ({"type": "lines", "topic": ".."}, "topic"),
        ({"type": "lines", "topic": "x" * 250}, "topic"),
        ({"type": "lines", "topic": "images"}, "images holds records of another kind"),
        ({"type": "lines", "topic": "dead-letters"}, "dead-letters holds records of another kind"),
        ({"type": "lines", "topic": "words", "max_length": 0}, "max_length"),
        (7, "framing|dictionary|object|discriminator"),
    ],
)
def test_what_is_wrong_is_named(given: object, named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        OPTIONS.validate_python(given)
