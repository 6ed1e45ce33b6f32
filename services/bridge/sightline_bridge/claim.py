"""What the frame that one connection is reading holds of the budget."""

from typing import final

from prometheus_client import Gauge

from sightline_bridge.pipeline import claim_bytes
from sightline_common.budget import ByteBudget


@final
class FrameClaim:
    """Grows with a frame whose length nobody knows before its end."""

    def __init__(self, budget: ByteBudget, waiting: Gauge, max_frame_bytes: int) -> None:
        """`waiting` counts the connections that wait for room."""
        self._budget = budget
        self._waiting = waiting
        self._most = claim_bytes(max_frame_bytes)
        self._held = 0

    async def cover(self, payload_bytes: int) -> None:
        """Return once there is room for `payload_bytes` of the frame; nothing should be read meanwhile."""
        lacking = claim_bytes(payload_bytes) - self._held
        if lacking <= 0:
            return
        if not self._held and self._budget.try_acquire(lacking):
            self._held = lacking
            return
        with self._waiting.track_inprogress():
            if self._held:
                self._held += await self._budget.extend(lacking, max(self._most - self._held, lacking))
            else:
                await self._budget.acquire(lacking)
                self._held = lacking

    def pass_on(self, payload_bytes: int) -> None:
        """The frame is whole, and `claim_bytes` of its payload are another's to give back; the rest is given back."""
        self._budget.release(self._held - claim_bytes(payload_bytes))
        self._held = 0

    def give_back(self) -> None:
        """There is no frame under way any more."""
        if self._held:
            self._budget.release(self._held)
            self._held = 0
