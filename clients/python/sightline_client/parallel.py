"""Many images at once, a bounded number at a time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Generic, TypeVar

from sightline_client.errors import SightlineError

S = TypeVar("S")
R = TypeVar("R")

JOBS: Final = 8  # fewer leave the classifier's batches empty; more hold more files in memory and gain nothing


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, R]):
    """What became of one source: a value, or the error that ended it."""

    source: S
    value: R | None
    error: SightlineError | None


async def in_parallel(
    sources: Iterable[S], work: Callable[[S], Awaitable[R]], jobs: int = JOBS
) -> AsyncGenerator[Outcome[S, R], None]:
    """Do `work` on every source, at most `jobs` at a time, and tell each outcome as soon as it is known.

    Raises:
        ValueError: `jobs` is below 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    waiting, running = iter(sources), set[asyncio.Task[Outcome[S, R]]]()
    try:
        while True:
            for source in islice(waiting, jobs - len(running)):
                running.add(asyncio.create_task(_outcome(source, work)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _outcome(source: S, work: Callable[[S], Awaitable[R]]) -> Outcome[S, R]:
    try:
        return Outcome(source, await work(source), None)
    except SightlineError as error:
        return Outcome(source, None, error)
