"""What the publisher does with records that Kafka's client has not taken yet."""

import asyncio
import threading

import pytest

from sightline_common import publisher as module
from sightline_common.producer_link import ProducerLink
from sightline_common.publisher import HANDED_OVER_BYTES, Publisher
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord


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
