"""How an acknowledged connection ends while its sender still has something to say."""

import asyncio

from sightline_bridge.ack.messages import GoodbyeCode
from tests.unit.bridge.acknowledging import ack, connected, goodbye
from tests.unit.bridge.doubles import MIB, eventually
from tests.unit.bridge.test_ack_session import damaged_name, frame

DEADLINE_S = 10.0


async def test_last_answers_reach_a_sender_that_goes_on_writing() -> None:
    """Input that nobody read made the kernel send a reset behind the answers, which took them along."""
    async with connected() as (bridge, sender):
        sender.writer.write(frame(1) + frame(2) + b"?" * 20 + bytes(8 * MIB))
        await eventually(lambda: bridge.frames("published") == 2)
        await sender.writer.drain()
        answers = await sender.rest()
        assert goodbye(GoodbyeCode.BAD_MESSAGE) in answers
        assert answers[-1] == ack(2)
        sender.writer.write_eof()
        await eventually(lambda: bridge.metric("connections") == 0)


async def test_a_bridge_that_stops_does_not_wait_behind_a_frame_that_is_refused_by_itself() -> None:
    """Nobody gets such a frame, so nobody noticed that it was the last one to read."""
    async with connected() as (bridge, sender):
        whole = damaged_name(1, b"\xff")
        sender.writer.write(whole[:-1])
        await eventually(lambda: bridge.metric("received_bytes_total") > len(whole))
        stopping = asyncio.create_task(bridge.source.stop(DEADLINE_S))
        assert await sender.answer() == goodbye(GoodbyeCode.GOING_AWAY)
        sender.writer.write(whole[-1:])
        async with asyncio.timeout(DEADLINE_S / 2):
            assert (await sender.rest())[-1] == ack(1)
            sender.writer.write_eof()
            await stopping
