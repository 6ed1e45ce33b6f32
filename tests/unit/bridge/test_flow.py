"""Kafka slow, away or refusing: the bridge waits, keeps the order, loses nothing and stays within its budget."""

import asyncio

import pytest

from sightline_bridge import pipeline
from sightline_bridge.framing import Frame
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from sightline_bridge.sources.socket_stream import HIGH_WATER_BYTES
from sightline_common.errors import DeliveryUnknown, RecordTooLarge, Unavailable
from tests.unit.bridge.doubles import MIB, closed_in_order, eventually, running, source
from tests.unit.bridge.test_server import FRAMES, numbered, wire

SOCKET_BUFFERS = 16 * MIB  # more than Linux gives both ends of a loopback connection by default


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FIRST_RETRY_S", 0.002)
    monkeypatch.setattr(pipeline, "LAST_RETRY_S", 0.01)


async def test_a_full_buffer_stops_the_reading_and_the_sender_waits() -> None:
    frames = numbered(400, 100_000)
    async with running(buffer_bytes=2 * MIB) as bridge:
        bridge.publisher.acknowledging.clear()
        reader, writer = await bridge.connect()
        writer.write(wire(*frames))
        writer.write_eof()
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        most = 2 * MIB + HIGH_WATER_BYTES + 2 * 256 * 1024
        for _ in range(20):  # whatever the loop still does, no more is read
            await asyncio.sleep(0.01)
            assert bridge.metric("received_bytes_total") <= most
            assert bridge.budget.used <= 2 * MIB
        unsent = writer.transport.get_write_buffer_size()
        assert unsent > len(wire(*frames)) - most - SOCKET_BUFFERS > 0
        bridge.publisher.acknowledging.set()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == frames
        assert bridge.metric("waiting_connections") == 0


async def test_room_is_claimed_before_a_large_frame_is_read() -> None:
    """Else many connections, each with most of a frame, would hold many times the budget."""
    async with running(buffer_bytes=MIB) as bridge:
        first, second = (await bridge.connect())[1], (await bridge.connect())[1]
        large = Frame("large", bytes(900_000))
        first.write(wire(large)[:100_000])
        await eventually(lambda: bridge.budget.used == 900_000 + FRAME_OVERHEAD_BYTES)
        second.write(wire(large))
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        assert bridge.publisher.offered == []
        first.write(wire(large)[100_000:])
        await eventually(lambda: bridge.publisher.frames == [large, large])


async def test_tiny_frames_are_bounded_by_what_they_really_cost() -> None:
    async with running(buffer_bytes=100 * (FRAME_OVERHEAD_BYTES + 1)) as bridge:
        bridge.publisher.acknowledging.clear()
        _, writer = await bridge.connect()
        writer.write(wire(*numbered(200, 1)))
        await eventually(lambda: bridge.publisher.in_flight == 100)
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        assert len(bridge.publisher.offered) == 100
        bridge.publisher.acknowledging.set()
        await eventually(lambda: len(bridge.publisher.published) == 200)


async def test_time_that_kafka_takes_is_not_held_against_the_sender() -> None:
    async with running(source(idle_s=0.6, frame_s=0.6), buffer_bytes=MIB) as bridge:
        bridge.publisher.acknowledging.clear()
        reader, writer = await bridge.connect()
        frames = numbered(3, 600_000)
        writer.write(wire(*frames))
        writer.write_eof()
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        await asyncio.sleep(1)  # the time itself is what this test is about
        assert bridge.metric("connections") == 1
        bridge.publisher.acknowledging.set()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == frames


@pytest.mark.parametrize("failures", [1, 7, 45])
async def test_what_kafka_refused_is_offered_again_in_order(failures: int) -> None:
    """One refusal is the hard case: a broker that came back right after it refused frame 0 took frame 1 first."""
    frames = numbered(30)
    async with running() as bridge:
        bridge.publisher.failures.extend([Unavailable("no broker")] * failures)
        reader, writer = await bridge.connect()
        writer.write(wire(*frames))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == frames
        assert bridge.metric("retries_total") == failures
        assert bridge.frames("published") == 30


@pytest.mark.parametrize("failures", [1, 7, 45])
async def test_what_kafka_did_not_acknowledge_is_sent_again_under_its_id(failures: int) -> None:
    frames = numbered(30)
    async with running() as bridge:
        bridge.publisher.failures.extend([DeliveryUnknown("no answer")] * failures)
        reader, writer = await bridge.connect()
        writer.write(wire(*frames))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert {frame.payload for frame in bridge.publisher.frames} == {frame.payload for frame in frames}
        assert len(bridge.publisher.published) == 30
        assert len({record.id for record in bridge.publisher.offered}) == 30
        assert bridge.metric("retries_total") == failures


async def test_after_a_refusal_one_frame_goes_alone_and_later_frames_stay_behind() -> None:
    """Frames that arrive while Kafka comes back must not overtake those that wait."""
    frames = numbered(20)
    async with running() as bridge:
        bridge.publisher.failures.extend([Unavailable("no broker")] * 12)
        bridge.publisher.acknowledging.clear()
        _, writer = await bridge.connect()
        writer.write(wire(*frames[:10]))
        await eventually(lambda: not bridge.publisher.failures and bridge.publisher.in_flight == 1)
        writer.write(wire(*frames[10:]))
        await eventually(lambda: bridge.metric("received_bytes_total") == len(wire(*frames)))
        assert bridge.publisher.in_flight == 1
        bridge.publisher.acknowledging.set()
        await eventually(lambda: len(bridge.publisher.published) == 20)
        assert bridge.publisher.frames == frames


async def test_a_frame_waits_for_kafka_without_another_byte_from_its_sender() -> None:
    async with running() as bridge:
        bridge.publisher.failures.extend([Unavailable("no broker")] * 3)
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: bridge.publisher.frames == FRAMES[:1])


async def test_a_frame_that_kafka_never_takes_is_dropped_and_the_rest_goes_on() -> None:
    async with running() as bridge:
        bridge.publisher.failures.append(RecordTooLarge("over the topic's limit"))
        reader, writer = await bridge.connect()
        writer.write(wire(*FRAMES))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == FRAMES[1:]
        assert bridge.frames("too-large") == 1
        assert len(bridge.publisher.offered) == 3


async def test_stop_finishes_the_frame_under_way_and_takes_no_other() -> None:
    async with running() as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(FRAMES[0])[:50])
        await eventually(lambda: bridge.metric("received_bytes_total") == 50)
        stopping = asyncio.create_task(bridge.server.stop(5))
        await asyncio.sleep(0)
        writer.write(wire(FRAMES[0])[50:] + wire(*FRAMES))
        await stopping
        assert bridge.publisher.frames == FRAMES[:1]
        assert not await closed_in_order(reader)  # it sent more than was taken, and must learn of it
        assert bridge.ends("stopped") == 1
        assert bridge.frames("truncated-frame") == 0


async def test_stop_between_frames_closes_at_once_and_in_order() -> None:
    async with running() as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: len(bridge.publisher.published) == 1)
        await bridge.server.stop(5)
        assert await closed_in_order(reader)
        assert bridge.ends("stopped") == 1


async def test_stop_flushes_what_is_in_flight() -> None:
    frames = numbered(20)
    async with running() as bridge:
        bridge.publisher.acknowledging.clear()
        _, writer = await bridge.connect()
        writer.write(wire(*frames))
        await eventually(lambda: bridge.publisher.in_flight == 20)
        stopping = asyncio.create_task(bridge.server.stop(5))
        await asyncio.sleep(0)
        assert not stopping.done()
        bridge.publisher.acknowledging.set()
        await stopping
        assert bridge.publisher.frames == frames


async def test_stop_gives_up_at_its_deadline_and_says_how_much() -> None:
    async with running(buffer_bytes=5 * (FRAME_OVERHEAD_BYTES + 100)) as bridge:
        bridge.publisher.acknowledging.clear()
        reader, writer = await bridge.connect()
        writer.write(wire(*numbered(10)))
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        await bridge.server.stop(0.05)
        assert not await closed_in_order(reader)
        assert bridge.frames("abandoned") == 5
        assert bridge.budget.used == 0


async def test_stop_accepts_nobody_new() -> None:
    async with running() as bridge:
        port = bridge.server.port
        await bridge.server.stop(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
