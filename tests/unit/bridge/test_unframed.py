"""Streams whose frames tell their end only when it comes, over real sockets: JPEG files and lines."""

import logging

import pytest

from sightline_bridge.framing.config import LinesOptions
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from sightline_contracts.texts import TextRecord
from tests.unit.bridge.doubles import MIB, closed_in_order, eventually, running, source
from tests.unit.bridge.jpegs import EOI, SOI, SOS, jpeg

LINES = LinesOptions(topic="words", max_length=100)
GARBAGE = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"


async def test_jpegs_become_images_and_what_is_between_them_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    large = jpeg(bytes(700_000))
    async with running(source("jpeg")) as bridge:
        reader, writer = await bridge.connect()
        writer.write(GARBAGE + jpeg() + GARBAGE + large + GARBAGE)
        writer.write_eof()
        assert await closed_in_order(reader)
        assert [record.payload for record in bridge.publisher.published] == [jpeg(), large]
        assert {record.content_type for record in bridge.publisher.published} == {"image/jpeg"}
        assert bridge.metric("skipped_bytes_total") == 3 * len(GARBAGE)
        assert bridge.ends("closed") == 1
    told = [record for record in caplog.records if "belong to no frame" in record.message]
    assert [record.levelno for record in told] == [logging.WARNING]


async def test_a_jpeg_that_is_cut_off_is_not_published() -> None:
    async with running(source("jpeg")) as bridge:
        reader, writer = await bridge.connect()
        writer.write(jpeg() + jpeg()[:-1])
        writer.write_eof()
        assert not await closed_in_order(reader)
        assert [record.payload for record in bridge.publisher.published] == [jpeg()]
        assert bridge.frames("truncated-frame") == 1


async def test_a_stream_without_any_jpeg_is_ended() -> None:
    async with running(source("jpeg")) as bridge:
        reader, writer = await bridge.connect()
        writer.write(bytes(5 * MIB))
        assert not await closed_in_order(reader)
        assert bridge.frames("no-frame") == 1
        assert bridge.ends("bad-frame") == 1


async def test_room_grows_with_a_jpeg_and_what_it_did_not_need_is_free_again() -> None:
    async with running(source("jpeg"), buffer_bytes=4 * MIB) as bridge:
        _, writer = await bridge.connect()
        writer.write(SOI + SOS + bytes(150_000))
        await eventually(lambda: bridge.budget.used == 262144 + FRAME_OVERHEAD_BYTES)
        bridge.publisher.acknowledging.clear()
        writer.write(EOI)
        await eventually(lambda: bridge.budget.used == len(SOI + SOS + EOI) + 150_000 + FRAME_OVERHEAD_BYTES)
        bridge.publisher.acknowledging.set()
        await eventually(lambda: bridge.budget.used == 0)


async def test_jpegs_that_fill_the_buffer_with_their_halves_do_not_wait_for_each_other() -> None:
    """Seven cameras in the middle of their pictures hold all of the buffer; each needs more to end its picture."""
    picture = jpeg(bytes(900_000))
    async with running(source("jpeg"), buffer_bytes=MIB + 5000) as bridge:
        writers = [(await bridge.connect())[1] for _ in range(8)]
        for writer in writers:
            writer.write(picture[:100_000])
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        for writer in writers:
            writer.write(picture[100_000:])
        await eventually(lambda: len(bridge.publisher.published) == 8)
        assert {record.payload for record in bridge.publisher.published} == {picture}


async def test_lines_become_text_records() -> None:
    async with running(source(LINES, stream="shell")) as bridge:
        reader, writer = await bridge.connect()
        writer.write(b"to be\r\nor not\n\nto be")
        writer.write_eof()
        assert await closed_in_order(reader)
        assert [line.payload for line in bridge.publisher.lines] == [b"to be", b"or not", b"to be"]
        first = bridge.publisher.lines[0]
        assert first == TextRecord(b"to be", "tcp", first.accepted_at, "shell")
        assert first.accepted_at > 1_700_000_000_000
        assert bridge.publisher.published == []
        assert bridge.frames("published") == 3


async def test_a_line_that_is_too_long_ends_the_connection() -> None:
    async with running(source(LINES)) as bridge:
        reader, writer = await bridge.connect()
        writer.write(b"short\n" + b"x" * 101)
        assert not await closed_in_order(reader)
        assert [line.payload for line in bridge.publisher.lines] == [b"short"]
        assert bridge.frames("bad-length") == 1
