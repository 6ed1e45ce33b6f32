"""What Kafka's thread says of records reaches whoever sent them: once, in the event loop, many at a time."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sightline_common import deliveries as module
from sightline_common.deliveries import Ack, Deliveries, Outcome
from sightline_common.errors import DeliveryUnknown
from tests.unit.bridge.doubles import eventually


class Told:
    """What was told of each of `count` deliveries, and of silent producers."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[tuple[int, Outcome]] = []
        self.silent: list[object] = []
        self.deliveries = Deliveries(self.silent.append)
        self.begun = [self.deliveries.begin(f"producer {n}", self.note(n)) for n in range(count)]

    def note(self, number: int) -> Callable[[Outcome], object]:
        return lambda outcome: self.outcomes.append((number, outcome))

    def put_all(self) -> None:
        """As Kafka's thread does, which has many records of one batch at once."""

        def put() -> None:
            for number, delivery in enumerate(self.begun):
                self.deliveries.put(delivery, Ack(0, number))

        thread = threading.Thread(target=put)
        thread.start()
        thread.join()


async def test_a_batch_wakes_the_loop_once_and_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake-up for each record was a system call for each, and the interpreter lock's way there and back."""
    told, loop, woken = Told(100), asyncio.get_running_loop(), list[object]()
    wake = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *arguments: Any) -> asyncio.Handle:
        woken.append(callback)
        return wake(callback, *arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    told.put_all()
    assert told.outcomes == []
    await eventually(lambda: len(told.outcomes) >= 100)
    assert told.outcomes == [(number, Ack(0, number)) for number in range(100)]
    assert len(woken) == 1
    told.deliveries.put(told.deliveries.begin("another", told.note(100)), Ack(0, 100))
    await eventually(lambda: len(told.outcomes) >= 101)
    assert len(told.outcomes) == 101


async def test_only_the_first_outcome_counts_and_none_after_it_was_taken_back() -> None:
    told = Told(2)
    told.deliveries.put(told.begun[0], Ack(0, 1))
    told.deliveries.put(told.begun[0], DeliveryUnknown("late"))
    told.deliveries.forget(told.begun[1])
    told.deliveries.put(told.begun[1], Ack(0, 2))
    told.deliveries.put(told.deliveries.begin("the last", told.note(2)), Ack(0, 3))
    await eventually(lambda: (2, Ack(0, 3)) in told.outcomes)
    assert told.outcomes == [(0, Ack(0, 1)), (2, Ack(0, 3))]


async def test_a_fault_in_one_sender_is_reported_and_the_others_are_told() -> None:
    told, faults = Told(3), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def fails(_: Outcome) -> object:
        raise ZeroDivisionError("a bug")

    told.begun[0].settled = fails
    told.put_all()
    await eventually(lambda: len(told.outcomes) >= 2)
    assert [number for number, _ in told.outcomes] == [1, 2]
    assert [type(fault["exception"]) for fault in faults] == [ZeroDivisionError]


async def test_a_client_that_stays_silent_is_noticed_by_its_oldest_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else would ever end the wait: the client's own time-outs run in the thread that stands still."""
    monkeypatch.setattr(module, "DELIVERY_TIMEOUT_MS", 50)
    monkeypatch.setattr(module, "_GRACE_S", 0.05)
    told = Told(3)
    told.deliveries.put(told.begun[1], Ack(0, 1))
    assert told.silent == []
    await eventually(lambda: told.outcomes != [])
    later = told.deliveries.begin("producer 3", told.note(3))
    await eventually(lambda: len(told.outcomes) == 4)
    assert told.silent == ["producer 0", "producer 2", "producer 3"]
    assert [(number, type(outcome)) for number, outcome in told.outcomes] == [
        (1, Ack), (0, DeliveryUnknown), (2, DeliveryUnknown), (3, DeliveryUnknown)
    ]  # fmt: skip
    assert later.settled is None
