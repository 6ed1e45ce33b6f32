"""The acknowledged protocol on a real socket, in front of a Kafka that does what a test wants."""

import asyncio
import socket
from unittest.mock import patch

import pytest
from crc32c import crc32c

from sightline_bridge.ack import connection as ack_connection
from sightline_bridge.ack.messages import (
    AnswerKind,
    GoodbyeCode,
    NackCode,
    encode_head,
)
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_common.errors import RecordTooLarge, Unavailable
from sightline_contracts.ids import image_id_from_checksum
from tests.unit.bridge.acknowledging import DEADLINE_S, Sender, ack, config, connected, goodbye, nack
from tests.unit.bridge.doubles import MIB, Bridge, eventually, running
from tests.unit.bridge.test_ack_session import damaged_name, frame

GIF = b"GIF89a"


async def test_a_frame_is_acknowledged_when_kafka_has_it_and_not_before() -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1) + frame(2) + frame(3))
        await eventually(lambda: bridge.publisher.in_flight == 3)
        sender.writer.write(damaged_name(4, b"\xff"))
        assert await sender.answer() == nack(4, NackCode.BAD_NAME), "an acknowledgement would come before it"
        bridge.publisher.acknowledging.set()
        while (last := await sender.answer()) != ack(4):
            assert last.kind is AnswerKind.ACK
        assert bridge.frames("published") == 3


async def test_an_acknowledgement_waits_for_the_next_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write for each frame costs a busy bridge as much as reading it."""
    monkeypatch.setattr(ack_connection, "ACK_PACE_S", 1.0)
    async with connected() as (bridge, sender):
        sender.writer.write(frame(1))
        await eventually(lambda: bridge.frames("published") == 1)
        assert await sender.answer() == ack(1)
        bridge.publisher.held_back = asyncio.Event()
        sender.writer.write(frame(2) + frame(3) + frame(4, b"held back"))
        await eventually(lambda: bridge.frames("published") == 3)
        assert await sender.answer() == ack(3)
        bridge.publisher.held_back.set()
        assert await sender.answer() == ack(4)


async def test_what_a_frame_says_of_itself_is_in_its_record() -> None:
    async with connected() as (bridge, sender):
        sender.writer.write(frame(1, GIF, "digit-7.gif", "image/jpeg"))
        sender.writer.write(frame(2, b"?", None, "image/tiff"))
        sender.writer.write(frame(3, b"?"))
        sender.writer.write_eof()
        assert (await sender.rest())[-1] == ack(3)
        records = bridge.publisher.published
    assert [(record.name, record.content_type) for record in records] == [
        ("digit-7.gif", "image/gif"),
        (None, "image/tiff"),
        (None, "image/x-raw"),
    ]
    checksum = int.from_bytes(frame(1, GIF, "digit-7.gif", "image/jpeg")[16:20])
    assert records[0].id == image_id_from_checksum("bridge", "camera-7/1", checksum)
    assert {(record.source, record.stream, record.model) for record in records} == {("tcp", "line-3", "digits-lenet")}


async def test_a_frame_that_is_sent_again_over_another_connection_has_the_same_id() -> None:
    async with running(config()) as bridge:
        for _ in range(2):
            sender = Sender(*await bridge.connect())
            await sender.hello()
            sender.writer.write(frame(9, GIF))
            assert await sender.answer() == ack(9)
            sender.writer.close()
        first, second = bridge.publisher.published
    assert first.id == second.id


async def test_who_half_closes_gets_the_last_acknowledgement_and_then_the_end() -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1) + frame(2))
        sender.writer.write_eof()
        await eventually(lambda: bridge.publisher.in_flight == 2)
        bridge.publisher.acknowledging.set()
        assert (await sender.rest())[-1] == ack(2)
        await eventually(lambda: bridge.ends("closed") == 1)


async def test_what_the_topic_never_takes_is_refused_and_the_rest_acknowledged() -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.failures.append(RecordTooLarge("too large"))
        sender.writer.write(frame(1) + frame(2))
        sender.writer.write_eof()
        answers = await sender.rest()
        assert answers[0] == nack(1, NackCode.TOO_LARGE)
        assert answers[-1] == ack(2)
        assert bridge.frames("too-large") == 1


async def test_a_bad_name_costs_one_frame_and_gives_its_room_back() -> None:
    async with connected() as (bridge, sender):
        sender.writer.write(damaged_name(1, b"\xff") + frame(2, bytes(100_000)) + damaged_name(3, b"a\nb"))
        sender.writer.write_eof()
        answers = await sender.rest()
        assert nack(1, NackCode.BAD_NAME) in answers
        assert nack(3, NackCode.BAD_NAME) in answers
        assert answers[-1] == ack(3)
        assert (bridge.frames("bad-name"), bridge.frames("published")) == (2, 1)


@pytest.mark.parametrize(
    ("wire", "code", "result"),
    [
        (frame(1)[:-1] + b"y", GoodbyeCode.BAD_CHECKSUM, "bad-checksum"),
        (b"GET / HTTP/1.1\r\n\r\n  ", GoodbyeCode.BAD_MESSAGE, "bad-message"),
        (encode_head(1, None, None, bytes(MIB + 1)), GoodbyeCode.BAD_LENGTH, "bad-length"),
        (frame(2) + frame(1), GoodbyeCode.BAD_ID, "bad-id"),
        (b"".join(map(frame, range(1, 10))), GoodbyeCode.WINDOW_EXCEEDED, "window-exceeded"),
    ],
)
async def test_a_fault_is_answered_counted_and_ends_the_connection(
    wire: bytes, code: GoodbyeCode, result: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(wire)
        assert await sender.answer() == goodbye(code)
        bridge.publisher.acknowledging.set()
        assert {answer.kind for answer in await sender.rest()} <= {AnswerKind.ACK}
        await eventually(lambda: bridge.ends("bad-frame") == 1)
        assert bridge.frames(result) == 1
    assert result in caplog.text


async def test_the_frames_before_a_fault_are_acknowledged() -> None:
    async with connected() as (bridge, sender):
        sender.writer.write(frame(1) + frame(2) + b"?" * 20)
        answers = await sender.rest()
        assert goodbye(GoodbyeCode.BAD_MESSAGE) in answers
        assert answers[-1] == ack(2)
        assert bridge.frames("published") == 2


async def test_who_stops_says_so_at_once_and_acknowledges_what_it_took() -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1))
        await eventually(lambda: bridge.publisher.in_flight == 1)
        stopping = asyncio.create_task(bridge.source.stop(DEADLINE_S))
        assert await sender.answer() == goodbye(GoodbyeCode.GOING_AWAY)
        bridge.publisher.acknowledging.set()
        assert await sender.rest() == [ack(1)]
        await stopping
        assert bridge.ends("stopped") == 1


async def test_the_frame_under_way_is_read_to_its_end() -> None:
    async with connected() as (bridge, sender):
        whole = frame(1, bytes(50_000))
        sender.writer.write(whole[:20_000])
        await eventually(lambda: bridge.metric("received_bytes_total") > 20_000)
        stopping = asyncio.create_task(bridge.source.stop(DEADLINE_S))
        assert await sender.answer() == goodbye(GoodbyeCode.GOING_AWAY)
        sender.writer.write(whole[20_000:])
        assert await sender.rest() == [ack(1)]
        await stopping


async def test_what_kafka_did_not_take_until_the_end_is_given_back() -> None:
    async with connected() as (bridge, sender):
        bridge.publisher.failures.extend([Unavailable("away")] * 1000)
        sender.writer.write(frame(1) + frame(2))
        await eventually(lambda: len(bridge.publisher.offered) > 1)
        await bridge.source.stop(0.05)
        answers = await sender.rest()
        assert answers[0] == goodbye(GoodbyeCode.GOING_AWAY)
        assert set(answers[1:]) == {nack(1, NackCode.NOT_STORED), nack(2, NackCode.NOT_STORED)}


async def test_a_sender_that_waits_for_kafka_is_not_idle_and_then_is() -> None:
    async with connected(config(idle_s=0.5)) as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1))
        await eventually(lambda: bridge.publisher.in_flight == 1)
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.8):
                await sender.answer()
        bridge.publisher.acknowledging.set()
        assert await sender.rest() == [ack(1), goodbye(GoodbyeCode.IDLE_TIMEOUT)]
        assert bridge.ends("idle-timeout") == 1


async def test_a_sender_that_trickles_is_told_why_it_is_cut_off() -> None:
    async with connected(config(frame_s=0.4)) as (bridge, sender):
        sender.writer.write(frame(1, bytes(1000))[:500])
        assert await sender.rest() == [goodbye(GoodbyeCode.FRAME_TIMEOUT)]
        assert (bridge.ends("frame-timeout"), bridge.frames("truncated-frame")) == (1, 1)


async def test_a_sender_that_waits_gets_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack_connection, "SIGN_OF_LIFE_S", 0.02)
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(5))
        assert [await sender.answer() for _ in range(3)] == [ack(0)] * 3
        bridge.publisher.acknowledging.set()
        while await sender.answer() != ack(5):
            pass


async def test_a_peer_that_reads_no_answers_is_reset_and_costs_bounded_memory() -> None:
    """Each bad name is an answer that no acknowledgement can stand for."""
    async with connected() as (bridge, sender):
        hold_little(bridge, sender)
        sender.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await flood(sender)
        await eventually(lambda: bridge.ends("answers-unread") == 1)


def hold_little(bridge: Bridge, sender: Sender) -> None:
    """Let the kernel keep few answers: to fill what it keeps by default took as long as it waits for a silent peer."""
    (serving,) = bridge.server._connections._connections.values()
    assert isinstance(serving, ack_connection.AckConnection)
    assert isinstance(serving._peer, SocketStream)
    answering = serving._peer._connected().get_extra_info("socket")
    answering.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sender.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


async def flood(sender: Sender) -> None:
    """Far more than the kernel's buffers hold of answers."""
    for start in range(1, 200_000, 1000):
        sender.writer.write(b"".join(damaged(number) for number in range(start, start + 1000)))
        await sender.writer.drain()


def damaged(frame_id: int) -> bytes:
    """A frame whose content type is none; quick to make, as the checksum is the library's."""
    head = encode_head(frame_id, None, "a/b", b"x").replace(b"a/b", b"a+b")
    return head[:16] + int(crc32c(head[:16] + head[20:] + b"x")).to_bytes(4) + head[20:] + b"x"


async def test_a_farewell_is_part_of_the_time_to_stop() -> None:
    """A peer that reads no answers took two seconds more than the process had, and could be killed with the flush."""
    async with connected() as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1))
        await eventually(lambda: bridge.publisher.in_flight == 1)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        with patch.object(SocketStream, "write", lambda *_: asyncio.sleep(30)):
            await bridge.source.stop(4)
        assert loop.time() - begin < 5.9
