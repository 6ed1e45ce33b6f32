"""Whoever waits for room in the budget gets it in its turn, whatever others send."""

import asyncio
from typing import Final

import pytest

from sightline_bridge.framing import Frame
from sightline_bridge.pipeline import claim_bytes
from tests.unit.bridge.doubles import Bridge, eventually, running
from tests.unit.bridge.test_server import wire

FLOODS: Final = ["a", "b", "c"]
FLOOD, CAMERA, NEWCOMER = 6_000, 1_000, 100  # bytes; all that one flood sends is less than one read takes
HELD: Final = 3  # frames of a flood that the budget holds: one acknowledgement makes room for one frame
TURNS: Final = 3


class _OneByOne(asyncio.Event):
    """Lets those that wait go one at a time, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(0)

    async def wait(self) -> bool:  # type: ignore[override]
        return await self._turns.acquire()

    def let_one_go(self) -> None:
        self._turns.release()


class _Crowd:
    """A budget that three peers have filled and go on to flood, and a camera that sends when its last frame is gone."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._acknowledging = _OneByOne()
        bridge.publisher.acknowledging = self._acknowledging

    @property
    def offered(self) -> list[str | None]:
        """Whose frames Kafka was offered, in that order."""
        return [record.name for record in self._bridge.publisher.offered]

    @property
    def waiting(self) -> int:
        """How many peers wait for room."""
        return int(self._bridge.metric("waiting_connections"))

    async def gather(self) -> None:
        """Let the floods wait for room in their order, then the camera."""
        for waiting, name in enumerate(FLOODS, start=1):
            (await self._bridge.connect())[1].write(wire(*[Frame(name, bytes(FLOOD))] * (HELD + TURNS + 2)))
            await eventually(lambda: self.waiting == waiting)  # noqa: B023 - it is over before the next one
        self._camera = (await self._bridge.connect())[1]
        self._photograph()
        await eventually(lambda: self.waiting == len(FLOODS) + 1)

    async def serve(self, name: str) -> None:
        """Acknowledge the oldest frame, which has to make room for one of `name`; returns once `name` waits again."""
        before, waiting = len(self.offered), self.waiting
        self._acknowledging.let_one_go()
        await eventually(lambda: len(self.offered) > before)
        assert self.offered[before:] == [name]
        if name == "camera":
            self._photograph()
        await eventually(lambda: self.waiting == waiting)

    async def join(self) -> None:
        """A peer comes with a frame for which there is room; returns once it waits all the same, or was served."""
        waiting = self.waiting
        (await self._bridge.connect())[1].write(wire(Frame("newcomer", bytes(NEWCOMER))))
        await eventually(lambda: self.waiting > waiting or "newcomer" in self.offered)

    def acknowledge_all(self) -> None:
        """Acknowledge what is in flight."""
        for _ in range(HELD + 1):
            self._acknowledging.let_one_go()

    def _photograph(self) -> None:
        self._camera.write(wire(Frame("camera", bytes(CAMERA))))


@pytest.fixture
def room() -> int:
    """Bytes of the budget. A camera's frame in flight leaves room for a newcomer's, and for none of the others."""
    left = claim_bytes(FLOOD) - claim_bytes(CAMERA)
    assert claim_bytes(NEWCOMER) <= left < claim_bytes(CAMERA)
    return HELD * claim_bytes(FLOOD)


async def test_peers_that_flood_do_not_starve_a_slow_camera(room: int) -> None:
    """Three floods were before the camera, and go behind it then: it is neither the newest nor the largest."""
    async with running(buffer_bytes=room) as bridge:
        crowd = _Crowd(bridge)
        await crowd.gather()
        assert crowd.offered == ["a"] * HELD
        for name in [*FLOODS, "camera"] * TURNS:
            await crowd.serve(name)
        assert crowd.offered == ["a"] * HELD + [*FLOODS, "camera"] * TURNS


async def test_a_newcomer_for_whom_there_is_room_goes_behind_those_that_wait(room: int) -> None:
    async with running(buffer_bytes=room) as bridge:
        crowd = _Crowd(bridge)
        await crowd.gather()
        for name in [*FLOODS, "camera"]:
            await crowd.serve(name)
        assert bridge.budget.used + claim_bytes(NEWCOMER) <= room
        await crowd.join()
        crowd.acknowledge_all()
        await eventually(lambda: "newcomer" in crowd.offered)
        turn = [*FLOODS, "camera"]
        assert crowd.offered[HELD:][: 2 * len(turn) + 1] == [*turn, *turn, "newcomer"]
