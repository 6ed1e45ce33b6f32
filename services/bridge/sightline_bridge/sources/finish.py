"""The end of what serves a source: it may flush for a while, and is cancelled then."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

# Kept of the time to flush for what is cancelled: an acknowledged connection tells its sender what was not stored.
_FAREWELL_S: Final = 2.0


async def finish(tasks: Collection[asyncio.Task[Any]], deadline_s: float) -> int:
    """Wait for `tasks` and cancel those that are late; how many they were. Returns within `deadline_s` seconds.

    Below 4 s the farewells are not cut as short as the flushing, and may take up to 2 s longer.
    """
    _, late = await asyncio.wait(tasks, timeout=deadline_s - min(_FAREWELL_S, deadline_s / 2))
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_FAREWELL_S)
    return len(late)
