"""The time for one frame is one frame's, also where the bridge refuses all of them and reads never end between two."""

from functools import partial
from types import SimpleNamespace

import pytest

from sightline_bridge import frame_reader
from sightline_bridge.ack.messages import AnswerKind, NackCode
from tests.unit.bridge.acknowledging import config, connected
from tests.unit.bridge.doubles import Bridge, eventually
from tests.unit.bridge.test_ack_session import damaged_name

FRAME_S = 30.0
PAUSE_S = 5.0  # of each frame; of all together twice as long as one frame may take
FRAMES = 12


@pytest.mark.parametrize("reads", ["across two frames", "up to a frame's end"])
async def test_refused_frames_do_not_add_up_their_times(reads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was quick; the sender of a dozen bad names was cut off for taking too long with one frame."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(frame_reader, "time", SimpleNamespace(monotonic=lambda: clock.now))
    wires = [damaged_name(number, b"a\xffb") for number in range(1, FRAMES + 1)]
    stream, size = b"".join(wires), len(wires[0])
    pieces = [stream[: size // 2], *(stream[at : at + size] for at in range(size // 2, len(stream), size))]
    if reads == "up to a frame's end":
        pieces = [piece for wire in wires for piece in (wire[:-1], wire[-1:])]
    async with connected(config(frame_s=FRAME_S, window=2 * FRAMES)) as (bridge, sender):
        received = bridge.metric("received_bytes_total")
        for piece in pieces:
            sender.writer.write(piece)
            received += len(piece)
            await eventually(partial(has_received, bridge, received))
            clock.now += PAUSE_S
        answers = [await sender.answer() for _ in range(FRAMES)]
        assert {answer.code for answer in answers if answer.kind is AnswerKind.NACK} == {NackCode.BAD_NAME}
        assert bridge.ends("frame-timeout") == 0


def has_received(bridge: Bridge, count: float) -> bool:
    return bridge.metric("received_bytes_total") == count


async def test_a_frame_that_takes_too_long_behind_refused_ones_still_ends_the_connection() -> None:
    wires = [damaged_name(number, b"a\xffb") for number in (1, 2, 3)]
    async with connected(config(frame_s=0.4)) as (bridge, sender):
        sender.writer.write(b"".join(wires)[:-1])
        answers = await sender.rest()
        assert [answer.kind for answer in answers][-1] is AnswerKind.GOODBYE
        assert bridge.ends("frame-timeout") == 1
