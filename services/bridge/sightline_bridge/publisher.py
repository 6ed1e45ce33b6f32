"""The common publisher in two steps, which strict order needs."""

import asyncio
from collections.abc import Awaitable
from typing import final

from kafka import KafkaProducer

from sightline_common.errors import DeliveryUnknown, Unavailable
from sightline_common.producer_link import DELIVERY_TIMEOUT_MS
from sightline_common.publisher import Ack, Publisher
from sightline_contracts.images import ImageRecord

# A producer that has not even failed its record this long after the delivery timeout never will.
_GRACE_S = 2.0


@final
class OrderedPublisher(Publisher):
    """Tells apart "handed to the producer", which keeps the order from then on, and "acknowledged".

    With `publish` alone, a record that is refused while its successor is already on its way would be overtaken.
    """

    async def send(self, record: ImageRecord) -> Awaitable[Ack]:
        """Hand `record` over; what is sent after this returned comes after it in its partition.

        The awaitable gives the acknowledgement, or raises like `publish`.

        Raises:
            Unavailable: nothing was sent.
            RecordTooLarge: the broker never will take it.
        """
        producer = self._link.producer()
        if producer is None:
            raise Unavailable(self._link.readiness.reason)
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Ack] = loop.create_future()
        await loop.run_in_executor(self._sending, self._send, producer, record, loop, outcome)
        if outcome.done() and (error := outcome.exception()) is not None:
            raise error
        return self._acknowledgement(producer, outcome)

    async def _acknowledgement(self, producer: KafkaProducer, outcome: "asyncio.Future[Ack]") -> Ack:
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_MS / 1000 + _GRACE_S):
                return await outcome
        except TimeoutError:
            self._link.discard(producer, "the Kafka client stopped answering")
            raise DeliveryUnknown("Kafka did not answer in time") from None
