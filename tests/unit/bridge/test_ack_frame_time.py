"""The time for one frame is one frame's, also where the bridge refuses all of them and reads never end between two."""

import asyncio

from sightline_bridge.ack.messages import AnswerKind, NackCode
from tests.unit.bridge.acknowledging import config, connected
from tests.unit.bridge.test_ack_session import damaged_name

FRAME_S = 0.6
PAUSE_S = 0.1
FRAMES = 12


async def test_refused_frames_do_not_add_up_their_times() -> None:
    """Each was quick; the sender of a dozen bad names was cut off for taking too long with one frame."""
    wires = [damaged_name(number, b"a\xffb") for number in range(1, FRAMES + 1)]
    stream = b"".join(wires)
    cut = len(wires[0]) // 2  # every read ends within a frame
    pieces = [stream[at : at + len(wires[0])] for at in range(cut, len(stream), len(wires[0]))]
    async with connected(config(frame_s=FRAME_S, window=2 * FRAMES)) as (bridge, sender):
        sender.writer.write(stream[:cut])
        for piece in pieces:
            await asyncio.sleep(PAUSE_S)  # together twice as long as one frame may take
            sender.writer.write(piece)
        answers = [await sender.answer() for _ in range(FRAMES)]
        assert {answer.code for answer in answers if answer.kind is AnswerKind.NACK} == {NackCode.BAD_NAME}
        assert bridge.ends("frame-timeout") == 0
        assert FRAMES * PAUSE_S > 1.5 * FRAME_S


async def test_a_frame_that_takes_too_long_behind_refused_ones_still_ends_the_connection() -> None:
    wires = [damaged_name(number, b"a\xffb") for number in (1, 2, 3)]
    async with connected(config(frame_s=PAUSE_S)) as (bridge, sender):
        sender.writer.write(b"".join(wires)[:-1])
        answers = await sender.rest()
        assert [answer.kind for answer in answers][-1] is AnswerKind.GOODBYE
        assert bridge.ends("frame-timeout") == 1
