"""The results view as routes see it: asynchronous reads, waiting for a result, and the live stream."""

import asyncio
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sightline_contracts.origins import Origin
from sightline_gateway.live import LiveStream
from sightline_gateway.metrics import Metrics
from sightline_gateway.view.filters import Filter
from sightline_gateway.view.listing import PageKey, Period
from sightline_gateway.view.positions import Positions
from sightline_gateway.view.store import Arrival, Pending, Store, StoredResult

log = logging.getLogger(__name__)


class ResultsView:
    """Belongs to the event loop that calls `start`; only `apply` and `restart` may be called from another thread."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._waiters: defaultdict[str, set[asyncio.Future[bytes | None]]] = defaultdict(set)
        self._unsaved: list[tuple[Pending, asyncio.Future[None]]] = []
        self._saving: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Pages are read one after the other: searches for something rare must not take the threads that all share.
        self._searching = ThreadPoolExecutor(1, "results-search")
        self._stopping = False
        self.exports = 0  # being sent now
        self.on_results: Callable[[], object] = _nobody
        self.live = LiveStream(_last_seen(store.next_offsets(), store.topic), store.last_seq)

    def start(self) -> None:
        """Bind the view to the running loop: from now on results reach waiters and the live stream."""
        self._loop = asyncio.get_running_loop()

    def release(self) -> None:
        """End every wait and live stream without a result: the process stops."""
        self._stopping = True
        self.live.close()
        for futures in self._waiters.values():
            for future in futures:
                _complete(future, None)

    async def close(self) -> None:
        """Write what is left and close the store; the feed must have ended."""
        if self._saving is not None:
            await self._saving
        self._loop = None
        await asyncio.to_thread(self._searching.shutdown)
        await asyncio.to_thread(self._store.close)

    # -- from the feed's thread ----------------------------------------------------------------------------------------

    def apply(self, arrivals: Sequence[Arrival], next_offsets: Mapping[int, int]) -> None:
        """Store a batch, then tell waiters and readers.

        Raises:
            sqlite3.Error: nothing was stored and the positions did not move: the batch can be offered again.
        """
        new = self._store.apply(arrivals, next_offsets)
        self._metrics.results.inc(len(new))
        self._metrics.duplicates.inc(len(arrivals) - len(new))
        first = {(stored.partition, stored.offset) for stored in new}
        for arrival in arrivals:
            if (arrival.partition, arrival.offset) in first:
                self._metrics.first_result(arrival.result)
        self._tell(new)

    def restart(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Begin a new life of the topic: see `Store.restart`."""
        self._store.restart(topic, next_offsets)
        self._tell([])

    def _tell(self, new: list[StoredResult]) -> None:
        if self._loop is not None:
            positions = _last_seen(self._store.next_offsets(), self._store.topic)
            self._loop.call_soon_threadsafe(self._deliver, new, positions)

    # -- from routes ---------------------------------------------------------------------------------------------------

    async def find(self, image_id: str) -> bytes | None:
        """The newest result document of an image."""
        return await asyncio.to_thread(self._store.find, image_id)

    async def find_pending(self, image_id: str) -> Pending | None:
        """The image if it was accepted here and has no result yet."""
        return await asyncio.to_thread(self._store.find_pending, image_id)

    async def find_origin(self, image_id: str) -> Origin | None:
        """Where the image is; None when no result says so, and it was not accepted here either."""
        return await asyncio.to_thread(self._store.origins.find, image_id)

    async def ids_beginning(self, prefix: str) -> set[str]:
        """The ids that begin so, of images that have a result or were accepted here."""
        return await asyncio.to_thread(self._store.ids_beginning, prefix)

    async def page(
        self, wanted: Filter, period: Period, limit: int, after: PageKey | None
    ) -> tuple[list[bytes], PageKey | None]:
        """A page of result documents, newest first, and the key of the next page."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._searching, self._store.listing.page, wanted, period, limit, after)

    async def after(self, positions: Positions, seqs: tuple[int, int], limit: int) -> list[StoredResult]:
        """Results after `positions`: see `Store.after`."""
        return await asyncio.to_thread(self._store.after, positions, seqs, limit)

    @property
    def stopping(self) -> bool:
        """Whether the process stops."""
        return self._stopping

    @property
    def forgotten(self) -> int:
        """When the youngest image was made whose result is no longer kept: see `Store.forgotten`."""
        return self._store.forgotten

    async def count_callbacks(self) -> int:
        """How many webhooks wait."""
        return await asyncio.to_thread(self._store.count_callbacks)

    async def remember(self, image: Pending) -> None:
        """Note an accepted image, so that it can be asked for; many callers share one transaction."""
        saved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsaved.append((image, saved))
        if self._saving is None:
            self._saving = asyncio.create_task(self._save())
        await saved

    @contextmanager
    def expect(self, image_id: str) -> "Iterator[asyncio.Future[bytes | None]]":
        """A future that the image's next result completes; None says that the process stops."""
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        if self._stopping:
            future.set_result(None)
        self._waiters[image_id].add(future)
        try:
            yield future
        finally:
            self._waiters[image_id].discard(future)
            if not self._waiters[image_id]:
                del self._waiters[image_id]

    # -- on the loop ---------------------------------------------------------------------------------------------------

    def _deliver(self, new: list[StoredResult], positions: Positions) -> None:
        for result in new:
            for future in self._waiters.get(result.id, ()):
                _complete(future, result.document)
        if new:
            self.on_results()
        self.live.publish(new, positions)

    async def _save(self) -> None:
        while self._unsaved:
            batch, self._unsaved = self._unsaved, []
            try:
                await asyncio.to_thread(self._store.add_pending, [image for image, _ in batch])
            except sqlite3.Error as error:
                # Kafka has the images and their results will come: only "pending" cannot be answered until then, and a
                # webhook is not sent.
                log.warning("accepted images not noted as pending", extra={"count": len(batch), "reason": str(error)})
            if any(image.callback is not None for image, _ in batch):
                self.on_results()  # a result may have come first
            for _, saved in batch:
                if not saved.done():
                    saved.set_result(None)
        self._saving = None


def _nobody() -> None:
    """What is told of new results unless webhooks are on."""


def _complete(future: "asyncio.Future[bytes | None]", document: bytes | None) -> None:
    if not future.done():
        future.set_result(document)


def _last_seen(next_offsets: Mapping[int, int], topic: str) -> Positions:
    seen = {partition: offset - 1 for partition, offset in next_offsets.items() if offset > 0}
    return Positions(seen, topic or None)
