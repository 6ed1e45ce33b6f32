"""The live stream: results as server-sent events, from one bounded buffer that all readers share.

A reader that asks for what it missed gets it from SQLite page by page, at its own speed, and joins the live buffer once
it has caught up. A reader that then falls out of the buffer is dropped with a reason; it can come back with its last
event id. So no reader costs memory of its own.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from sightline_gateway import documents
from sightline_gateway.view.filters import Filter
from sightline_gateway.view.positions import Positions
from sightline_gateway.view.store import StoredResult

# About 3 MB of events, or 2 s at 1,000 results/s: less and a short stall drops a reader; more helps only lost ones.
BUFFERED_EVENTS: Final = 2_048
PAGE_EVENTS: Final = 256  # events of one write: bounds what a stalled socket holds to about 150 kB
HEARTBEAT_S: Final = 15.0  # proxies close silent connections after 30 to 60 s
RETRY_MS: Final = 2_000  # what browsers wait before they reconnect

Backlog = Callable[[Positions, tuple[int, int], int], Awaitable[list[StoredResult]]]


class LiveStream:
    """Fans results out to readers. For one event loop; only `publish` and the readers touch it."""

    def __init__(self, positions: Positions, last_seq: int) -> None:
        self._positions = positions
        self._last_seq = last_seq
        self._events: deque[_Event] = deque(maxlen=BUFFERED_EVENTS)
        self._end = 0  # number of the event that comes next; the buffer holds the `len(_events)` before it
        self._news = asyncio.Event()
        self._closed = False
        self.readers = 0

    def publish(self, new: Sequence[StoredResult], positions: Positions) -> None:
        """Give every reader the `new` results; `positions` is where the view is after them."""
        offsets = dict(self._positions.offsets) if positions.topic == self._positions.topic else {}
        for result in new:
            offsets[result.partition] = result.offset
            self._events.append(_Event(result, Positions(offsets, positions.topic)))
            self._last_seq = result.seq
        self._end += len(new)
        self._positions = positions
        self._wake()

    def close(self) -> None:
        """End every reader's stream: the process stops, and they reconnect elsewhere or later."""
        self._closed = True
        self._wake()

    async def events(
        self, since: Positions | None, backlog: Backlog, wanted: Filter, top: int | None
    ) -> AsyncGenerator[bytes, None]:
        """The stream of one reader in chunks: first what came after `since`, then what comes, with heartbeats.

        Of what `wanted` admits, each with its `top` most probable predictions. Ends when the process stops or the
        reader was too slow. A chunk may be empty.
        """
        self.readers += 1
        try:
            place, spoke = self._end, _now()
            if since is not None and since.topic not in (None, self._positions.topic):
                since = Positions({}, self._positions.topic)  # the topic was re-created: all of the new one is unseen
            yield f"retry: {RETRY_MS}\nid: {since or self._positions}\n\n".encode()
            if since is not None:
                async for events, goes_on_at in self._missed(since, backlog):
                    place = goes_on_at
                    yield _chunk(events, wanted, top)
            while not self._closed:
                if place < self._end - len(self._events):
                    yield b'event: dropped\ndata: {"reason": "the reader was too slow: reconnect to resume"}\n\n'
                    return
                events = self._buffered(place)
                place += len(events)
                chunk = _chunk(events, wanted, top)
                if not chunk and _now() - spoke >= HEARTBEAT_S:
                    chunk = self._heartbeat(place)
                if chunk:
                    spoke = _now()
                    yield chunk
                elif place == self._end:
                    await self._wait(spoke + HEARTBEAT_S)
        finally:
            self.readers -= 1

    async def _missed(self, since: Positions, backlog: Backlog) -> AsyncIterator[tuple[list["_Event"], int]]:
        """Pages of what came after `since` until the buffer covers the rest, each with the place to go on from."""
        offsets, first = dict(since.offsets), 0
        while True:
            place, last, topic = self._end, self._last_seq, self._positions.topic
            page = await backlog(since, (first, last), PAGE_EVENTS)
            events = []
            for result in page:
                offsets[result.partition] = result.offset
                events.append(_Event(result, Positions(dict(offsets), topic)))
            yield events, place
            if len(page) < PAGE_EVENTS:
                return
            first = page[-1].seq + 1

    def _buffered(self, place: int) -> list["_Event"]:
        start = place - (self._end - len(self._events))
        return [self._events[index] for index in range(start, min(start + PAGE_EVENTS, len(self._events)))]

    def _heartbeat(self, place: int) -> bytes:
        """A sign of life; its id spares a reader whose filter admits little from reading the rest again."""
        at = f"id: {self._positions}\n" if place == self._end else ""
        return f": heartbeat\n{at}\n".encode()

    async def _wait(self, until: float) -> None:
        """Return once there is something new, or at the loop's time `until`."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class _Event:
    """One result with where its reader is once it has it; rendered once for all readers that want it alike."""

    def __init__(self, result: StoredResult, positions: Positions) -> None:
        self.facets = result.facets
        self._document = result.document
        self._id = str(positions).encode()
        self._rendered: dict[int | None, bytes] = {}

    def render(self, top: int | None) -> bytes:
        """The event with the `top` most probable predictions."""
        if top not in self._rendered:
            document = documents.cut(self._document, top)
            self._rendered[top] = b"id: %s\nevent: result\ndata: %s\n\n" % (self._id, document)
        return self._rendered[top]


def _chunk(events: Sequence[_Event], wanted: Filter, top: int | None) -> bytes:
    return b"".join(event.render(top) for event in events if wanted.admits(event.facets))


def _now() -> float:
    return asyncio.get_running_loop().time()
