"""What people see of an image: its thumbnail, made once and kept for a while, and the file itself."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sightline_common.errors import Unavailable
from sightline_contracts.origins import Origin
from sightline_gateway.metrics import Metrics
from sightline_gateway.pictures.cache import Cache, Entry, Refusal
from sightline_gateway.pictures.scaler import NoThumbnail, NotScaled, Scaler
from sightline_gateway.pictures.settings import PictureSettings
from sightline_gateway.pictures.source import ImageGone, ImageSource, StoredImage
from sightline_gateway.problems import Problem

log = logging.getLogger(__name__)

# More wait longer than a page is looked at. Each waiting one is an id; whole images are held by those at work.
_WAITING: Final = 200
_AT_WORK: Final = 2  # one is read while another is scaled; more would only hold memory
_DOWNLOADS: Final = 4  # each holds an image of up to SIGHTLINE_MAX_IMAGE_BYTES until its reader has it
_PATIENCE_S: Final = 20.0  # browsers show a broken picture, and ask again when it is looked at


class Pictures:
    """For one event loop. `close` it before the loop ends."""

    def __init__(self, settings: PictureSettings, images: ImageSource, metrics: Metrics) -> None:
        self._images = images
        self._metrics = metrics
        self._scaler = Scaler(settings.gateway_thumbnail_worker_bytes, settings.max_pixels, metrics.thumbnail_workers)
        self._cache = Cache(settings.gateway_thumbnail_cache_bytes)
        self._making: dict[str, asyncio.Task[Entry]] = {}
        self._at_work = asyncio.Semaphore(_AT_WORK)
        self._downloads = 0
        self._stopping = False
        metrics.thumbnail_cache.set_function(lambda: self._cache.used)

    async def close(self) -> None:
        """Give up what is being made, end the worker and disconnect; who asks from now on is told to ask elsewhere."""
        self._stopping = True
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await self._scaler.close()
        await self._images.close()

    async def thumbnail(self, image_id: str, origin: Origin) -> bytes:
        """WebP of at most EDGE pixels a side.

        Raises:
            Problem: image-gone, no-thumbnail, kafka-unavailable, overloaded, stopping.
        """
        entry = self._cache.get(image_id)
        if entry is None:
            entry = await self._made(image_id, origin)
        else:
            self._metrics.thumbnails.labels("cached").inc()
        if isinstance(entry, Refusal):
            raise Problem("no-thumbnail", f"there is no thumbnail of image {image_id}: {entry.reason}")
        return entry

    async def original(self, image_id: str, origin: Origin) -> StoredImage:
        """The image as it was sent. Call it inside `download`.

        Raises:
            Problem: image-gone, kafka-unavailable, stopping.
        """
        self._require_running()
        try:
            return await self._images.read(image_id, origin)
        except ImageGone:
            raise Problem("image-gone", f"image {image_id} is no longer kept; its result is") from None
        except Unavailable as error:
            raise Problem("kafka-unavailable", str(error)) from error

    @contextmanager
    def download(self) -> Iterator[None]:
        """Held as long as an original is read and sent.

        Raises:
            Problem: overloaded.
        """
        if self._downloads >= _DOWNLOADS:
            raise Problem("overloaded", "too many images are being downloaded")
        self._downloads += 1
        try:
            yield
        finally:
            self._downloads -= 1

    async def _made(self, image_id: str, origin: Origin) -> Entry:
        """The entry of an image, made once for all who ask meanwhile, and for those who come after they have left."""
        self._require_running()
        task = self._making.get(image_id)
        if task is None:
            if len(self._making) >= _WAITING:
                raise Problem("overloaded", "too many thumbnails are asked for")
            task = self._making[image_id] = asyncio.create_task(self._make(image_id, origin))
            task.add_done_callback(lambda done: self._forget(image_id, done))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await asyncio.shield(task)
        except TimeoutError:
            raise Problem("overloaded", f"the thumbnail of image {image_id} is not made yet") from None
        except asyncio.CancelledError:
            if task.cancelled():
                self._require_running()
            raise

    async def _make(self, image_id: str, origin: Origin) -> Entry:
        entry: Entry
        async with self._at_work:
            image = await self.original(image_id, origin)
            try:
                entry = await self._scaler.scale(image.data)
            except NoThumbnail as error:
                entry = Refusal(str(error))
            except NotScaled as error:
                raise Problem("overloaded", f"there is no thumbnail of image {image_id} yet: {error}") from None
        self._metrics.thumbnails.labels("none" if isinstance(entry, Refusal) else "made").inc()
        self._cache.put(image_id, entry)
        return entry

    def _require_running(self) -> None:
        if self._stopping:
            raise Problem("stopping", "the gateway is stopping")

    def _forget(self, image_id: str, done: "asyncio.Task[Entry]") -> None:
        del self._making[image_id]
        if not done.cancelled() and (error := done.exception()) is not None and not isinstance(error, Problem):
            log.error("making a thumbnail has failed", exc_info=error, extra={"image_id": image_id})
