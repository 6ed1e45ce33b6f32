"""The publisher against a real broker: acknowledged, refused, and back after an outage."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import BrokerResponseError, OutOfOrderSequenceNumberError, UnknownProducerIdError
from kafka.producer.sender import Sender

from sightline_common.errors import DeliveryUnknown, RecordTooLarge, Unavailable
from sightline_common.publisher import HANDED_OVER_BYTES, Ack, Publisher
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, decode_record
from sightline_contracts.topics import IMAGES
from sightline_local.kafka import EmbeddedKafka

pytestmark = pytest.mark.kafka


def _record(payload: bytes = b"pixels", stream: str | None = None) -> ImageRecord:
    return ImageRecord(new_image_id(), payload, "image/png", "http", accepted_at=1, stream=stream, name="é.png")


@asynccontextmanager
async def _publisher(bootstrap_servers: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(KafkaSettings(kafka_bootstrap_servers=bootstrap_servers), client_id="test")
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop(5)


async def _until(condition: Callable[[], bool], deadline_s: float = 30) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.05)


async def _pause(broker: EmbeddedKafka) -> None:
    """Stop the process and wait until each of its threads stands: one that still ran could acknowledge a record."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    await _until(partial(_stands, broker.pid))


def _stands(pid: int) -> bool:
    states = (stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat"))
    return all(state == "T" for state in states)


def _resume(broker: EmbeddedKafka) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGCONT)


def _read(bootstrap_servers: str, ack: Ack) -> ImageRecord:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, max_partition_fetch_bytes=11_000_000)
    try:
        partition = TopicPartition(IMAGES, ack.partition)
        consumer.assign([partition])
        consumer.seek(partition, ack.offset)
        (stored,) = consumer.poll(timeout_ms=30_000, max_records=1)[partition]
        return decode_record(stored.key, stored.value, stored.headers)
    finally:
        consumer.close()


async def test_what_was_published_is_stored_as_it_was(broker: EmbeddedKafka) -> None:
    async with _publisher(broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        record = _record(os.urandom(300_000))
        ack = await publisher.publish(record)
    assert _read(broker.bootstrap_servers, ack) == record


async def test_an_image_at_the_limit_passes_every_hop_and_a_larger_record_is_refused(broker: EmbeddedKafka) -> None:
    limit = KafkaSettings().max_image_bytes
    async with _publisher(broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        largest = _record(os.urandom(limit))
        ack = await publisher.publish(largest)
        with pytest.raises(RecordTooLarge):
            await publisher.send(_record(b"x" * (limit + 100_000)))  # already here: its successor waits for this
    assert _read(broker.bootstrap_servers, ack) == largest


async def test_one_stream_stays_in_one_partition_in_order(broker: EmbeddedKafka) -> None:
    async with _publisher(broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        acks = await asyncio.gather(*(publisher.publish(_record(stream="camera-7")) for _ in range(50)))
    assert len({ack.partition for ack in acks}) == 1
    assert [ack.offset for ack in acks] == sorted(ack.offset for ack in acks)


async def test_a_broker_that_is_down_at_start_is_waited_for(restartable_broker: EmbeddedKafka) -> None:
    restartable_broker.kill()
    async with _publisher(restartable_broker.bootstrap_servers) as publisher:
        with pytest.raises(Unavailable):
            await publisher.publish(_record())
        restartable_broker.start()
        await _until(lambda: publisher.readiness().ok)
        await publisher.publish(_record())


async def test_it_recovers_from_a_broker_that_was_paused_past_the_delivery_timeout(
    restartable_broker: EmbeddedKafka,
) -> None:
    """kafka-python's idempotent producer sends nothing ever again once a batch has expired: it must be replaced."""
    async with _publisher(restartable_broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        await publisher.publish(_record())
        await _pause(restartable_broker)
        try:
            with pytest.raises(DeliveryUnknown):
                await publisher.publish(_record())
            with pytest.raises(Unavailable):
                await publisher.publish(_record())
        finally:
            _resume(restartable_broker)
        await _until(lambda: publisher.readiness().ok)
        await publisher.publish(_record())


async def test_a_client_never_holds_more_than_its_share_of_what_waits_for_a_paused_broker(
    restartable_broker: EmbeddedKafka,
) -> None:
    """The client copies what it holds twice: 1,000 uploads once took twice the memory of the gateway's budget.

    What did not get its turn was not sent, and is said so; what did may or may not be stored.
    """
    records = [_record(bytes(1024 * 1024)) for _ in range(3 * HANDED_OVER_BYTES // 1024 // 1024)]
    async with _publisher(restartable_broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        await publisher.publish(_record())
        await _pause(restartable_broker)
        try:
            outcomes = await asyncio.gather(*map(publisher.publish, records), return_exceptions=True)
        finally:
            _resume(restartable_broker)
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds.count(DeliveryUnknown) == HANDED_OVER_BYTES // 1024 // 1024
        assert kinds.count(Unavailable) == len(records) - kinds.count(DeliveryUnknown)
        await _until(lambda: publisher.readiness().ok)
        await asyncio.gather(*map(publisher.publish, records))  # nothing of the share was lost with the old client


@pytest.mark.parametrize("refusal", [OutOfOrderSequenceNumberError, UnknownProducerIdError])
async def test_a_producer_that_the_broker_takes_no_more_fails_aloud_and_is_replaced(
    broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, refusal: type[BrokerResponseError]
) -> None:
    """It goes on under a new epoch, and what was on its way under the old one is lost: each sender has to be told."""
    complete, refusals = Sender._complete_batch, iter([refusal.errno])

    def refused_once(sender: Sender, batch: object, response: Any) -> None:
        response.error_code = next(refusals, response.error_code)
        complete(sender, batch, response)

    async with _publisher(broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        records = [_record(os.urandom(100_000)) for _ in range(40)]
        await asyncio.gather(*map(publisher.publish, records))  # else the client takes the refusal for a topic cut back
        monkeypatch.setattr(Sender, "_complete_batch", refused_once)
        outcomes = await asyncio.gather(*map(publisher.publish, records), return_exceptions=True)
        assert any(isinstance(outcome, DeliveryUnknown) for outcome in outcomes)
        assert all(isinstance(outcome, Ack | DeliveryUnknown | Unavailable) for outcome in outcomes)
        await _until(lambda: publisher.readiness().ok)
        outcomes += await asyncio.gather(*map(publisher.publish, records))
    acknowledged = [(ack, record) for ack, record in zip(outcomes, records * 2, strict=True) if isinstance(ack, Ack)]
    assert len(acknowledged) >= len(records)
    assert all(_read(broker.bootstrap_servers, ack).id == record.id for ack, record in acknowledged[::8])


async def test_a_dead_broker_is_noticed_within_seconds_and_its_return_too(restartable_broker: EmbeddedKafka) -> None:
    async with _publisher(restartable_broker.bootstrap_servers) as publisher:
        await _until(lambda: publisher.readiness().ok)
        restartable_broker.kill()
        await _until(lambda: not publisher.readiness().ok, deadline_s=15)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            await publisher.publish(_record())
        assert time.monotonic() - started < 5  # a delivery that is tried takes ten
        restartable_broker.start()
        restartable_broker.wait_ready()
        await _until(lambda: publisher.readiness().ok)
        await publisher.publish(_record())


async def test_stopping_with_a_dead_broker_keeps_its_deadline(restartable_broker: EmbeddedKafka) -> None:
    publisher = Publisher(KafkaSettings(kafka_bootstrap_servers=restartable_broker.bootstrap_servers), client_id="test")
    await publisher.start()
    await _until(lambda: publisher.readiness().ok)
    restartable_broker.kill()
    pending = asyncio.create_task(publisher.publish(_record()))
    await asyncio.sleep(0)
    started = time.monotonic()
    await publisher.stop(1)
    assert time.monotonic() - started < 10
    with pytest.raises((DeliveryUnknown, Unavailable)):
        await pending
