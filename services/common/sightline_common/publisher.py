"""asyncio's door to Kafka: a record goes in, its acknowledgement comes out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from kafka import KafkaProducer
from kafka.errors import IllegalStateError, KafkaError, MessageSizeTooLargeError

from sightline_common.budget import ByteBudget
from sightline_common.deliveries import Ack, Deliveries, Delivery, Outcome
from sightline_common.errors import DeliveryUnknown, PublishError, RecordTooLarge, Unavailable
from sightline_common.kafka_words import in_words
from sightline_common.management import Readiness
from sightline_common.producer_link import DELIVERY_TIMEOUT_MS, ProducerLink, sends_at_once
from sightline_common.settings import KafkaSettings
from sightline_contracts.images import partition_for
from sightline_contracts.texts import Record, encode_headers, encode_key
from sightline_contracts.topics import IMAGES

log = logging.getLogger(__name__)

__all__ = ["HANDED_OVER_BYTES", "Ack", "Outcome", "Publisher"]

# What Kafka's client may hold at a time. It copies each record twice, into a batch and into a request: with more, a
# Kafka that stands still makes a process larger than its callers' budget says, by twice as much. The price: images
# above half of this are with the client one at a time, and the small ones behind them wait for their turn as well.
HANDED_OVER_BYTES: Final = 8 * 1024 * 1024
# How long a record may wait until the client has room: as long as Kafka may take for what the client holds.
_TURN_S: Final = DELIVERY_TIMEOUT_MS / 1000


class Publisher:
    """Publishes records to one topic with acks=all. Callers bound what they offer by a `ByteBudget`.

    Of that, Kafka's client gets no more than `HANDED_OVER_BYTES` at a time; the rest waits here, uncopied.
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str, topic: str = IMAGES) -> None:
        self._topic = topic
        self._link = ProducerLink(settings, topic, client_id=client_id, failed=self._on_failure)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._broken: asyncio.Future[object] | None = None
        self._deliveries: Deliveries | None = None
        self._handed_over = ByteBudget(HANDED_OVER_BYTES)
        # For a send() that has to wait for metadata. One thread: records offered in order are sent in order.
        self._sending = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-send")
        # The queue for that thread. Records wait here and not there: the clock of a delivery runs from its begin.
        self._send_turn = asyncio.Lock()

    async def start(self) -> None:
        """Begin to connect in the background; a Kafka that is down is no error, only not ready."""
        self._loop = asyncio.get_running_loop()
        self._broken = self._loop.create_future()
        self._link.start()

    @property
    def failed(self) -> "asyncio.Future[object]":
        """Raises what no retry can mend, once it happens: the process has to end. To be asked for after `start`."""
        if self._broken is None:
            raise RuntimeError("the publisher was not started")
        return self._broken

    async def stop(self, deadline_s: float) -> None:
        """Flush and close within `deadline_s` seconds; what was not acknowledged by then raises in its `publish`."""
        await asyncio.to_thread(self._link.stop, deadline_s)
        self._sending.shutdown(wait=False)

    def readiness(self) -> Readiness:
        """Whether records can be published now, and why not."""
        return self._link.readiness

    async def publish(self, record: Record) -> Ack:
        """Publish `record`; returns once all in-sync replicas have it.

        Raises:
            Unavailable: nothing was sent. Known at once, or after 10 s when Kafka is too slow for what comes in.
            DeliveryUnknown: it was sent, and no answer came within 12 s.
            RecordTooLarge: the broker never will take it.
        """
        return await (await self.send(record))

    async def send(self, record: Record) -> Awaitable[Ack]:
        """Hand `record` over; what is handed over after this returned comes after it in its partition.

        The awaitable gives the acknowledgement. Both steps raise as `publish` does.
        """
        outcome: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        await self.hand_over(record, partial(_settle, outcome))
        return outcome

    def offer(self, record: Record, settled: Callable[[Outcome], object]) -> bool:
        """Hand `record` over if that needs no waiting, and say whether it did; else `hand_over` has to be awaited.

        `settled` is called later, once, with the acknowledgement or with why there is none. For senders whose order
        counts: what is handed over next comes after `record` in its partition, and a record that is refused is so
        before its successor can be on its way.

        Raises:
            Unavailable, RecordTooLarge: as `publish`; `settled` is not called.
        """
        producer, size = self._require_producer(), len(record.payload)
        if not sends_at_once(producer, self._topic) or not self._handed_over.try_acquire(size):
            return False
        delivery = self._begin(producer, size, settled)
        try:
            self._send(producer, record, delivery)
        except BaseException:
            self._take_back(delivery, size)
            raise
        return True

    async def hand_over(self, record: Record, settled: Callable[[Outcome], object]) -> None:
        """As `offer`, waiting as long as Kafka's client has no room."""
        size = len(record.payload)
        self._require_producer()
        await self._turn(size)
        try:
            producer = self._require_producer()  # it may have gone while the record waited for its turn
        except Unavailable:
            self._handed_over.release(size)
            self._send_turn.release()
            raise
        delivery = self._begin(producer, size, settled)
        try:
            if sends_at_once(producer, self._topic):
                self._send(producer, record, delivery)
            else:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._sending, self._send, producer, record, delivery)
        except PublishError:
            if self._take_back(delivery, size):
                raise
        except BaseException:  # failed, or cancelled: nothing else would give the bytes back
            self._take_back(delivery, size)
            raise
        finally:
            self._send_turn.release()

    def _begin(self, producer: KafkaProducer, size: int, settled: Callable[[Outcome], object]) -> Delivery:
        if self._deliveries is None:
            self._deliveries = Deliveries(self._on_silence)

        def landed(outcome: Outcome) -> None:
            self._handed_over.release(size)
            settled(outcome)

        return self._deliveries.begin(producer, landed)

    def _take_back(self, delivery: Delivery, size: int) -> bool:
        """Whether it still was to be settled: what became overdue meanwhile was told so, and has given its bytes."""
        assert self._deliveries is not None, "it began there"
        if delivery.settled is None:
            return False
        self._deliveries.forget(delivery)
        self._handed_over.release(size)
        return True

    def _require_producer(self) -> KafkaProducer:
        producer = self._link.producer()
        if producer is None:
            raise Unavailable(self._link.readiness.reason)
        return producer

    async def _turn(self, size: int) -> None:
        """Wait for room for `size` bytes in Kafka's client, which the outcome gives back, and for `_send_turn`."""
        try:
            async with asyncio.timeout(_TURN_S):
                await self._handed_over.acquire(size)
                try:
                    await self._send_turn.acquire()
                except BaseException:
                    self._handed_over.release(size)
                    raise
        except TimeoutError:
            raise Unavailable(f"Kafka was busy for {_TURN_S:g} s with what came before") from None

    def _on_silence(self, producer: KafkaProducer) -> None:
        self._link.discard(producer, "the Kafka client stopped answering")

    def _on_failure(self, error: Exception) -> None:
        if self._loop is not None and self._broken is not None:
            self._loop.call_soon_threadsafe(_break, self._broken, error)

    def _send(self, producer: KafkaProducer, record: Record, delivery: Delivery) -> None:
        """Give `record` to the client. Raises Unavailable or RecordTooLarge when that is known at once."""
        if not self._link.lends(producer):  # discarded while this record waited for its turn
            raise Unavailable(self._link.readiness.reason)
        try:
            future = producer.send(
                self._topic,
                value=record.payload if isinstance(record.payload, bytes | bytearray) else memoryview(record.payload),
                key=encode_key(record),
                headers=encode_headers(record),
                partition=partition_for(record.stream, self._link.partitions),
            )
        except MessageSizeTooLargeError as error:  # the client has counted for itself
            raise _too_large(error) from error
        except (KafkaError, AssertionError) as error:
            raise self._not_sent(producer, error) from error
        # At once: the topic's metadata was refused before anything was sent, or the client was ended by another record.
        if future.failed() and not isinstance(future.exception, MessageSizeTooLargeError):
            raise self._not_sent(producer, future.exception)
        assert self._deliveries is not None, "it began there"
        settle = partial(self._deliveries.put, delivery)
        future.add_callback(lambda metadata: settle(Ack(metadata.partition, metadata.offset)))
        future.add_errback(lambda error: settle(self._failed(producer, error)))

    def _not_sent(self, producer: KafkaProducer, error: Exception) -> Unavailable:
        if isinstance(error, IllegalStateError):
            self._link.discard(producer, "the Kafka client has failed", error)
        log.debug("a record was not sent", extra={"cause": str(error)})
        return Unavailable(f"Kafka cannot be used: {in_words(error)}")

    def _failed(self, producer: KafkaProducer, error: Exception) -> PublishError:
        # An idempotent client (3.0.12) never sends again once the broker has called a record too large: it fails all
        # that others have given it, and what they still give, with the same error. Only the first one is too large.
        too_large = isinstance(error, MessageSizeTooLargeError) and self._link.lends(producer)
        self._link.discard(producer, f"a record was not acknowledged: {in_words(error)}", error)
        if too_large:
            return _too_large(error)
        log.debug("a record was not acknowledged", extra={"cause": str(error)})
        return DeliveryUnknown(f"Kafka did not acknowledge the image: {in_words(error)}")


def _too_large(error: Exception) -> RecordTooLarge:
    log.debug("a record was too large", extra={"cause": str(error)})
    return RecordTooLarge("with its headers the image is larger than Kafka's topic takes")


def _settle(outcome: "asyncio.Future[Ack]", value: Outcome) -> None:
    if outcome.done():  # the caller gave up or went away
        return
    if isinstance(value, PublishError):
        outcome.set_exception(value)
    else:
        outcome.set_result(value)


def _break(broken: "asyncio.Future[object]", error: Exception) -> None:
    if not broken.done():
        broken.set_exception(error)
