"""The end of a connection whose peer has to hear why."""

import asyncio
from contextlib import suppress
from typing import Final

from sightline_bridge.sources.stream import ByteStream

# How long a peer may take for the last answers, and then to leave, before it is reset.
FAREWELL_S: Final = 2.0


async def close_behind(peer: ByteStream, last: bytes) -> None:
    """Close `peer` behind `last`, the last it is told. A reset would take that along."""
    cancelled = (task := asyncio.current_task()) is not None and task.cancelling()  # there is no time left
    try:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await peer.write(last)
                if not cancelled:
                    await peer.take_leave()
    finally:
        peer.close()
        asyncio.get_running_loop().call_later(FAREWELL_S, peer.reset)
