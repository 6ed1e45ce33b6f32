"""What the publisher does with records that Kafka's client has not taken yet."""

import asyncio
import threading

import pytest
from kafka.errors import KafkaTimeoutError
from kafka.future import Future
from kafka.producer.future import RecordMetadata

from sightline_common import deliveries
from sightline_common import publisher as module
from sightline_common.errors import DeliveryUnknown
from sightline_common.producer_link import ProducerLink
from sightline_common.publisher import HANDED_OVER_BYTES, Ack, Outcome, Publisher
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from tests.unit.bridge.doubles import eventually


class _Blocked:
    """A producer that knows no partitions yet: its `send` waits for them."""

    def __init__(self) -> None:
        self.entered, self.known, self.sent = threading.Event(), threading.Event(), 0

    def send(self, *_: object, **__: object) -> object:
        """Wait, then fail in a way that is none of Kafka's."""
        self.sent += 1
        self.entered.set()
        assert self.known.wait(10)
        raise ZeroDivisionError("a bug")


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> _Blocked:
    blocked = _Blocked()
    monkeypatch.setattr(ProducerLink, "producer", lambda _: blocked)
    monkeypatch.setattr(ProducerLink, "partitions", 1)
    monkeypatch.setattr(module, "sends_at_once", lambda *_: False)
    return blocked


def _record(size: int) -> ImageRecord:
    return ImageRecord(new_image_id(), b"x" * size, "image/png", "tcp", accepted_at=1)


async def test_a_record_that_was_never_sent_gives_its_bytes_back(producer: _Blocked) -> None:
    """Cancelled while it queued for the thread, or failed there, it kept them: in time nothing could be sent."""
    publisher = Publisher(KafkaSettings(), client_id="test")
    half = HANDED_OVER_BYTES // 2
    failing = asyncio.create_task(publisher.publish(_record(half)))
    assert await asyncio.to_thread(producer.entered.wait, 10)
    leaving = asyncio.create_task(publisher.publish(_record(half)))
    await asyncio.sleep(0)  # it has its turn, and waits for the thread
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    producer.known.set()
    with pytest.raises(ZeroDivisionError):
        await failing
    assert producer.sent == 1
    # All of what Kafka's client may hold is free again: this one would wait for its turn, and not be sent at once.
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(5):
            await publisher.publish(_record(2 * half))


class _Slow:
    """A producer whose first `send` takes long and brings nothing; the second one is acknowledged at once."""

    def __init__(self) -> None:
        self.known, self.sent = threading.Event(), 0

    def send(self, *_: object, **__: object) -> object:
        """Fail as Kafka's client does when it heard nothing of the topic for `max_block_ms`."""
        self.sent += 1
        if self.sent == 1:
            assert self.known.wait(10)
            raise KafkaTimeoutError("no metadata")
        return Future().success(RecordMetadata("images", 0, None, 7, 0, None, 0, 0, 0))


async def test_the_time_in_the_threads_queue_is_not_kafkas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What became overdue there was settled, and then refused when its turn came: its bytes came back twice, and the
    sender that had been told ended the process. A healthy client was discarded for it, too.
    """
    slow, discarded, told = _Slow(), list[object](), list[list[Outcome]]([[], []])
    monkeypatch.setattr(ProducerLink, "producer", lambda _: slow)
    monkeypatch.setattr(ProducerLink, "lends", lambda *_: True)
    monkeypatch.setattr(ProducerLink, "discard", lambda _, producer, *__: discarded.append(producer))
    monkeypatch.setattr(ProducerLink, "partitions", 1)
    monkeypatch.setattr(module, "sends_at_once", lambda *_: False)
    monkeypatch.setattr(deliveries, "DELIVERY_TIMEOUT_MS", 50)
    monkeypatch.setattr(deliveries, "_GRACE_S", 0)
    publisher = Publisher(KafkaSettings(), client_id="test")
    half = HANDED_OVER_BYTES // 2
    handing = [asyncio.create_task(publisher.hand_over(_record(half), outcomes.append)) for outcomes in told]
    await eventually(lambda: len(told[0]) == 1)
    monkeypatch.setattr(deliveries, "DELIVERY_TIMEOUT_MS", 10_000)
    await asyncio.sleep(0.1)  # as long as the second one would have had, had its clock run
    assert [len(outcomes) for outcomes in told] == [1, 0]
    slow.known.set()
    await asyncio.gather(*handing)
    await eventually(lambda: len(told[1]) == 1)
    assert [type(outcome) for outcomes in told for outcome in outcomes] == [DeliveryUnknown, Ack]
    assert discarded == [slow]
    assert publisher._handed_over.used == 0, "bytes came back twice, or never"
