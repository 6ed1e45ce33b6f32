"""One image from its bytes to Kafka's acknowledgement and, when the sender waits, to its result."""

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from sightline_common.budget import ByteBudget
from sightline_common.errors import DeliveryUnknown, RecordTooLarge, Unavailable
from sightline_common.logging import log_fields
from sightline_common.management import Readiness
from sightline_common.publisher import Ack
from sightline_common.tracing import Tracing
from sightline_contracts.ids import image_id_from_key, key_part, new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.media import ImageInfo, InvalidImage, Payload, inspect_image
from sightline_contracts.origins import Origin
from sightline_contracts.topics import IMAGES
from sightline_gateway.idempotency import KeysInUse, key_reused
from sightline_gateway.metrics import Metrics
from sightline_gateway.multipart import Claim
from sightline_gateway.problems import Problem
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.store import Pending
from sightline_gateway.view.view import ResultsView
from sightline_gateway.webhooks.targets import parse_target

log = logging.getLogger(__name__)

# Checksumming this much takes about 0.3 ms; more is done on a thread so that other requests go on meanwhile.
_INSPECT_INLINE_BYTES: Final = 512 * 1024
# The last is what `curl --data-binary @photo.jpg` says when it is told no type: it means nothing.
_ANY_TYPE: Final = frozenset({None, "", "application/octet-stream", "application/x-www-form-urlencoded"})
_ALIASES: Final = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-ms-bmp": "image/bmp"}


class ImagePublisher(Protocol):
    """What the gateway needs of `sightline_common.publisher.Publisher`."""

    async def send(self, record: ImageRecord) -> Awaitable[Ack]:
        """Hand a copy of `record` over; the awaitable is Kafka's acknowledgement."""

    def readiness(self) -> Readiness:
        """Whether records can be published now, and why not."""


class Reservation:
    """The part of the byte budget that one image holds; grows as its bytes arrive."""

    def __init__(self, budget: ByteBudget, metrics: Metrics) -> None:
        self._budget = budget
        self._metrics = metrics
        self._held = 0

    def grow(self, size: int) -> bool:
        """Take `size` bytes more; False: there is no room."""
        granted = self._budget.try_acquire(size)
        if granted:
            self._held += size
            self._metrics.in_flight_bytes.set(self._budget.used)
        return granted

    def release(self) -> None:
        """Give everything back; more than once does no harm."""
        held, self._held = self._held, 0
        if held:
            self._budget.release(held)
            self._metrics.in_flight_bytes.set(self._budget.used)


@dataclass(slots=True)
class Upload:
    """An image with what its sender said about it.

    `key`: its Idempotency-Key, if any, which is `caller`'s own. `started`: `time.perf_counter()` when its request came.
    `data` is let go of once Kafka's client has a copy, which waits for Kafka; the sender may wait for its result.
    """

    key: str | None
    caller: str
    data: Payload
    declared_type: str | None
    name: str | None
    stream: str | None
    model: str | None
    traceparent: str | None
    started: float
    callback: str | None = None


class Accepted(NamedTuple):
    """An accepted image; `document` is its result when that is known, as JSON."""

    id: str
    name: str | None
    document: bytes | None


class Uploads:
    """Accepts images. One for the process; belongs to its event loop."""

    def __init__(
        self,
        settings: GatewaySettings,
        publisher: ImagePublisher,
        view: ResultsView,
        metrics: Metrics,
        tracing: Tracing,
    ) -> None:
        self._max_pixels = settings.max_pixels
        self._publisher = publisher
        self._view = view
        self._origins = settings.callback_origins
        self._most_callbacks = settings.gateway_callbacks
        self._metrics = metrics
        self._tracing = tracing
        self._keys = KeysInUse()
        self._budget = ByteBudget(settings.body_bytes)
        metrics.in_flight_limit.set(settings.body_bytes)

    def reserve(self) -> Reservation:
        """An empty part of the byte budget."""
        return Reservation(self._budget, self._metrics)

    def hold(self, reservation: Reservation, size: int) -> None:
        """Take `size` bytes more into `reservation`.

        Raises:
            Problem: the budget has no room for them.
        """
        if not reservation.grow(size):
            raise self.refused(Problem("overloaded", "too many uploads are in flight"))

    async def check_callback(self, url: str | None) -> None:
        """Refuse an upload whose webhook could not be sent.

        Raises:
            Problem: `url` is no URL, its origin is not listed, or too many wait.
        """
        if url is None:
            return
        try:
            listed = parse_target(url).origin in self._origins
        except ValueError as error:
            raise _bad_callback(str(error)) from error
        if not listed:
            raise _bad_callback("its origin is not one that this gateway sends results to")
        if await self._view.count_callbacks() >= self._most_callbacks:
            raise self.refused(Problem("overloaded", "too many webhooks wait"))

    def refused(self, problem: Problem) -> Problem:
        """Count an upload that is refused before it is complete; returns `problem`, to be raised."""
        self._metrics.uploads.labels(problem.code).inc()
        return problem

    async def accept(self, upload: Upload, reservation: Claim, wait_until: float | None) -> Accepted:
        """Check and publish an image, then wait for its result until the loop's time is `wait_until`, if given.

        `reservation` is given back as soon as Kafka has the image, and whatever happens.

        Raises:
            Problem: the image is refused, or Kafka did not take it.
        """
        try:
            return await self._accept(upload, reservation, wait_until)
        except Problem as problem:
            self._metrics.uploads.labels(problem.code).inc()
            raise
        finally:
            reservation.release()

    async def _accept(self, upload: Upload, reservation: Claim, wait_until: float | None) -> Accepted:
        inline = len(upload.data) <= _INSPECT_INLINE_BYTES
        info, image_id = self._inspect(upload) if inline else await asyncio.to_thread(self._inspect, upload)
        with self._view.expect(image_id) as arriving, self._keys.held(upload.key and image_id):
            repeated = upload.key is not None and await self._is_known(image_id)
            if repeated:
                self._metrics.uploads.labels("repeated").inc()
                if (document := await self._view.find(image_id)) is not None:
                    return Accepted(image_id, upload.name, document)
            else:
                await self._publish(image_id, upload, info)
            upload.data = b""  # of one that is known, too
            reservation.release()
            return Accepted(image_id, upload.name, await self._wait(arriving, wait_until))

    async def _is_known(self, image_id: str) -> bool:
        """Whether the image was accepted before.

        A replica knows what it accepted itself and every image with a result. What another one has accepted and has no
        result yet is published again, under its id; other bytes of its key get an id and a result of their own.
        """
        known = await self._view.ids_beginning(key_part(image_id))
        if other := known - {image_id}:
            raise key_reused(min(other))
        return bool(known)

    def _inspect(self, upload: Upload) -> tuple[ImageInfo, str]:
        """What the image is, and its id. Computes: on a thread when there is much of it."""
        try:
            info = inspect_image(upload.data, max_pixels=self._max_pixels)
        except InvalidImage as error:
            raise Problem(error.code, error.detail) from error
        declared = _media_type(upload.declared_type)
        if declared not in _ANY_TYPE and declared != info.content_type:
            raise Problem("unsupported-type", f"the header says {declared}, the bytes are {info.content_type}")
        return info, new_image_id() if upload.key is None else _id_from_key(upload, upload.key)

    async def _publish(self, image_id: str, upload: Upload, info: ImageInfo) -> None:
        started, size = time.perf_counter(), len(upload.data)
        try:
            with self._tracing.sending(image_id, upload.traceparent) as span:
                record = _record(image_id, upload, info, span.traceparent)
                acknowledgement = await self._publisher.send(record)
                upload.data, record = b"", replace(record, payload=b"")  # Kafka's client has a copy of its own
                ack = await acknowledgement
                span.stored(ack)
        except Unavailable as error:
            raise Problem("kafka-unavailable", str(error)) from error
        except DeliveryUnknown as error:
            raise Problem("delivery-unknown", str(error), members={"id": image_id}) from error
        except RecordTooLarge as error:
            raise Problem("too-large", str(error)) from error
        acknowledged = time.perf_counter()
        self._metrics.publish_seconds.observe(acknowledged - started)
        self._metrics.accept_seconds.observe(acknowledged - upload.started)
        self._metrics.uploads.labels("accepted").inc()
        self._metrics.upload_bytes.inc(size)
        origin = Origin(IMAGES, ack.partition, ack.offset) if ack.offset >= 0 else None  # -1: Kafka does not know it
        await self._view.remember(Pending(image_id, upload.name, record.accepted_at, upload.callback, origin))
        if log.isEnabledFor(logging.DEBUG):
            log.debug("accepted", extra={**log_fields(record), "partition": ack.partition, "offset": ack.offset})

    async def _wait(self, arriving: "asyncio.Future[bytes | None]", until: float | None) -> bytes | None:
        if until is None:
            return None
        started = time.perf_counter()
        try:
            async with asyncio.timeout_at(until):
                return await arriving
        except TimeoutError:
            return None
        finally:
            self._metrics.wait_seconds.observe(time.perf_counter() - started)


def _record(image_id: str, upload: Upload, info: ImageInfo, traceparent: str | None) -> ImageRecord:
    return ImageRecord(
        id=image_id,
        payload=upload.data,
        content_type=info.content_type,
        source="http",
        accepted_at=time.time_ns() // 1_000_000,
        stream=upload.stream,
        name=upload.name,
        model=upload.model,
        traceparent=traceparent,
    )


def _id_from_key(upload: Upload, key: str) -> str:
    door = f"http/{upload.caller}" if upload.caller else "http"
    return image_id_from_key(door, key, upload.data)


def _bad_callback(reason: str) -> Problem:
    return Problem("bad-request", f"header 'X-Callback-Url': {reason}", members={"parameter": "x-callback-url"})


def _media_type(header: str | None) -> str | None:
    """The bare type of a Content-Type header in lower case, in its registered spelling."""
    if header is None:
        return None
    bare = header.partition(";")[0].strip().lower()
    return _ALIASES.get(bare, bare)
