"""Records that Kafka's client has, until their outcome is known."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, final

from kafka import KafkaProducer

from sightline_common.errors import DeliveryUnknown, PublishError
from sightline_common.producer_link import DELIVERY_TIMEOUT_MS

# A producer that has not even failed its record this long after the delivery timeout never will.
_GRACE_S: Final = 2.0


class Ack(NamedTuple):
    """Where the broker stored a record."""

    partition: int
    offset: int


Outcome = Ack | PublishError


@final
class Delivery:
    """One record with Kafka's client. `settled` is None once it was called, or when nobody wants it any more."""

    __slots__ = ("deadline", "producer", "settled")

    def __init__(self, producer: KafkaProducer, settled: Callable[[Outcome], object], deadline: float) -> None:
        self.producer = producer
        self.settled: Callable[[Outcome], object] | None = settled
        self.deadline = deadline


@final
class Deliveries:
    """Settles each delivery once, in the event loop, whoever is first to know its outcome.

    Kafka's thread brings many outcomes by one wake-up: a wake-up for each would cost it a system call, and the loop's
    thread the interpreter, for every record. One timer watches all: they are due in the order in which they began.
    """

    def __init__(self, unanswered: Callable[[KafkaProducer], object]) -> None:
        """`unanswered` is told of a producer that neither delivered nor failed a record in time."""
        self._unanswered = unanswered
        self._open: deque[Delivery] = deque()
        self._outcomes: deque[tuple[Delivery, Outcome]] = deque()
        self._woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self, producer: KafkaProducer, settled: Callable[[Outcome], object]) -> Delivery:
        """A record that is about to be given to `producer`."""
        delivery = Delivery(producer, settled, self._loop.time() + DELIVERY_TIMEOUT_MS / 1000 + _GRACE_S)
        self._open.append(delivery)
        if self._timer is None:
            self._timer = self._loop.call_at(delivery.deadline, self._check)
        return delivery

    def forget(self, delivery: Delivery) -> None:
        """It was not given to the producer after all, or its sender has left."""
        delivery.settled = None
        self._drop_settled()

    def put(self, delivery: Delivery, outcome: Outcome) -> None:
        """Settle `delivery` soon. From any thread."""
        self._outcomes.append((delivery, outcome))
        if not self._woken:
            self._wake()

    def _wake(self) -> None:
        self._woken = True
        self._loop.call_soon_threadsafe(self._settle_all)

    def _settle_all(self) -> None:
        self._woken = False  # before looking: what comes from now on wakes the loop again
        try:
            while self._outcomes:
                self._settle(*self._outcomes.popleft())
        finally:
            self._drop_settled()
            if self._outcomes:  # a callback raised, which the loop reports: the others still want to know
                self._wake()

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        settled, delivery.settled = delivery.settled, None
        if settled is not None:
            settled(outcome)

    def _drop_settled(self) -> None:
        while self._open and self._open[0].settled is None:
            self._open.popleft()

    def _check(self) -> None:
        self._timer = None
        self._drop_settled()
        while self._open and self._open[0].deadline <= self._loop.time():
            overdue = self._open.popleft()
            self._unanswered(overdue.producer)
            self._settle(overdue, DeliveryUnknown("Kafka did not answer in time"))
            self._drop_settled()
        if self._open:
            self._timer = self._loop.call_at(self._open[0].deadline, self._check)
