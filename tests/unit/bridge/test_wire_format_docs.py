"""docs/wire-formats.md says what the parsers do: its tables and examples are run."""

import asyncio
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from pydantic import TypeAdapter

from sightline_bridge.datagram.codec import decode, encode
from sightline_bridge.datagram.outcomes import DatagramResult, FrameLoss
from sightline_bridge.framing import FRAMINGS, Frame, FrameError, FrameParser
from sightline_bridge.framing.config import FramingConfig, LengthOptions
from sightline_bridge.settings import BridgeSettings
from tests.unit.bridge.doubles import running
from tests.unit.bridge.wire import drain, parse

PAGE = (Path(__file__).parents[3] / "docs" / "wire-formats.md").read_text(encoding="utf-8")
LIMIT = 10 * 1024 * 1024


class Field(NamedTuple):
    offset: int
    size: int
    example: bytes


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def fields(text: str) -> list[Field]:
    """The rows of the first table of bytes in `text`."""
    table = text.partition("| offset | size |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\d+) \| (\d+) \| `([0-9a-f ]+)` \|", table, re.MULTILINE)
    return [Field(int(offset), int(size), bytes.fromhex(example)) for offset, size, example in rows]


def example_frame(text: str) -> Frame:
    """The first frame that `text` says its bytes read as."""
    match = re.search(r"^Reads as: (?:name `([^`]+)`, )?payload (?:`([^`]+)`|of (\d+) bytes)\.$", text, re.MULTILINE)
    assert match is not None
    if match[3]:
        wire = b"".join(field.example for field in fields(text))
        assert len(wire) == int(match[3])
        return Frame(None, wire)
    return Frame(match[1], match[2].encode())


def refused() -> list[tuple[str, str, str]]:
    return re.findall(r"^\| `([a-z-]+)` \| ([a-z0-9]+) \| `([0-9a-f ]+)` \|", section("What is refused"), re.MULTILINE)


def read_to_the_end(parser: FrameParser) -> None:
    assert drain(parser) == []
    parser.close()


def test_every_framing_has_its_section_with_a_table() -> None:
    assert [heading for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE) if heading in FRAMINGS] == list(
        FRAMINGS
    )
    assert all(len(fields(section(framing))) >= 2 for framing in FRAMINGS)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_offsets_and_sizes_add_up(framing: str) -> None:
    position = 0
    for field in fields(section(framing)):
        assert (field.offset, field.size) == (position, len(field.example))
        position += field.size


@pytest.mark.parametrize("framing", FRAMINGS)
def test_the_example_reads_and_writes_as_stated(framing: str) -> None:
    text = section(framing)
    wire = b"".join(field.example for field in fields(text))
    assert parse(FRAMINGS[framing].parser(LIMIT), [wire]) == [example_frame(text)]
    assert FRAMINGS[framing].encode(example_frame(text)) == wire


def test_the_example_of_a_header_of_another_kind_reads_as_stated() -> None:
    _, given, text = re.split(r"^`(\{type: length, .+\})`:$", section("length"), flags=re.MULTILINE)
    framing = TypeAdapter[FramingConfig](FramingConfig).validate_python(yaml.safe_load(given)).framing()
    assert [(field.offset, field.size) for field in fields(text)] == [(0, 4), (4, 2), (6, 6)]
    wire = b"".join(field.example for field in fields(text))
    assert parse(framing.parser(LIMIT), [wire]) == [example_frame(text)]


def test_the_options_on_the_page_are_those_of_the_model() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", section("length"), re.MULTILINE)
    options = {name: field.default for name, field in LengthOptions.model_fields.items() if name != "type"}
    assert {name: yaml.safe_load(default) for name, default in rows} == options


def test_the_refusals_cover_every_code_and_framing() -> None:
    assert {code for code, _, _ in refused()} == {"bad-length", "bad-name", "truncated-frame"}
    assert {framing for _, framing, _ in refused()} == set(FRAMINGS) - {"lines"}


@pytest.mark.parametrize(("code", "framing", "example"), refused())
def test_each_refused_example_is_refused_with_its_code(code: str, framing: str, example: str) -> None:
    parser = FRAMINGS[framing].parser(LIMIT)
    parser.feed(bytes.fromhex(example))
    with pytest.raises(FrameError) as caught:
        read_to_the_end(parser)
    assert caught.value.code == code


async def test_the_python_example_sends_a_frame(tmp_path: Path) -> None:
    """Run as it stands on the page, but for the port."""
    example = PAGE.split("```python\n")[1].split("```")[0]
    (tmp_path / "digit-7.gif").write_bytes(b"GIF89a")
    async with running() as bridge:
        command = [sys.executable, "-W", "ignore", "-c", example.replace("9500", str(bridge.server.port))]
        sender = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
        assert await sender.wait() == 0
        assert bridge.publisher.frames == [Frame("digit-7.gif", b"GIF89a")]


def test_the_defaults_on_the_page_are_those_of_the_settings() -> None:
    for name, unit in re.findall(r"`SIGHTLINE_(BRIDGE_[A-Z_]+)` \((\d+(?: s| MiB)?)\)", PAGE):
        default = BridgeSettings.model_fields[name.lower()].default
        amount, _, suffix = unit.partition(" ")
        assert default == int(amount) * (1024 * 1024 if suffix == "MiB" else 1), name


def test_the_datagram_example_reads_and_writes_as_stated() -> None:
    wire = b"".join(field.example for field in fields(section("datagram")))
    frame = example_frame(section("datagram"))
    fragment = decode(wire, LIMIT)
    assert fragment.payload == (frame.name or "").encode() + frame.payload
    assert fragment.shape.name_bytes == len(frame.name or "")
    assert list(encode(fragment.stream_id, fragment.sequence, frame.name, bytes(frame.payload))) == [wire]
    assert [(field.offset, field.size) for field in fields(section("datagram"))] == [
        (sum(len(before.example) for before in fields(section("datagram"))[:number]), len(field.example))
        for number, field in enumerate(fields(section("datagram")))
    ]


def test_every_result_of_a_datagram_is_explained() -> None:
    datagrams, frames = section("datagram").split("| frames, `result` | why |")
    assert re.findall(r"^\| `([a-z-]+)` \|", datagrams, re.MULTILINE) == [
        "taken",
        *(result for result in DatagramResult if result != "taken"),
    ]
    assert re.findall(r"^\| `([a-z-]+)` \|", frames, re.MULTILINE) == list(FrameLoss)
