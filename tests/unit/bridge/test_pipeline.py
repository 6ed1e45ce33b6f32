"""What became of a frame is told to whoever submitted it, once."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from sightline_bridge import pipeline
from sightline_bridge.metrics import DEFAULT_SOURCE, BridgeMetrics, FrameResult
from sightline_bridge.pipeline import FramePipeline, Outlet, claim_bytes
from sightline_common.budget import ByteBudget
from sightline_common.errors import DeliveryUnknown, RecordTooLarge, Unavailable
from sightline_common.tracing import Tracing
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from tests.unit.bridge.doubles import MIB, FakePublisher, eventually


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FIRST_RETRY_S", 0.002)
    monkeypatch.setattr(pipeline, "LAST_RETRY_S", 0.01)


def record() -> ImageRecord:
    return ImageRecord(new_image_id(), b"GIF89a", "image/gif", "tcp", 0, stream="gate")


class Submitted:
    """A pipeline over a fake publisher, with `count` frames in it, and what it told of each."""

    def __init__(self, count: int, *failures: Exception) -> None:
        self.publisher, self.budget = FakePublisher(), ByteBudget(MIB)
        self.publisher.failures.extend(failures)
        metrics = BridgeMetrics(CollectorRegistry()).of(DEFAULT_SOURCE)
        self.pipeline = FramePipeline(Outlet(self.publisher, self.budget, metrics, Tracing()))
        self.told: list[tuple[int, FrameResult]] = []
        for number in range(count):
            assert self.budget.try_acquire(claim_bytes(6))
            self.pipeline.submit(record(), self._settled(number))

    def _settled(self, number: int) -> Callable[[FrameResult], object]:
        return lambda result: self.told.append((number, result))


async def test_each_fate_is_told_once_and_after_its_part_of_the_budget_is_free() -> None:
    submitted = Submitted(4, RecordTooLarge("too large"), Unavailable("away"), DeliveryUnknown("silence"))
    submitted.pipeline.end()
    await submitted.pipeline.run()
    assert sorted(submitted.told) == [(0, "too-large"), (1, "published"), (2, "published"), (3, "published")]
    assert submitted.budget.used == 0


async def test_nothing_is_told_before_kafka_has_answered() -> None:
    submitted = Submitted(2)
    submitted.publisher.acknowledging.clear()
    running = asyncio.create_task(submitted.pipeline.run())
    await eventually(lambda: submitted.publisher.in_flight == 2)
    assert submitted.told == []
    submitted.publisher.acknowledging.set()
    submitted.pipeline.end()
    await running
    assert [result for _, result in submitted.told] == ["published", "published"]


async def test_what_is_abandoned_is_told_too() -> None:
    submitted = Submitted(3)
    submitted.publisher.acknowledging.clear()
    running = asyncio.create_task(submitted.pipeline.run())
    await eventually(lambda: submitted.publisher.in_flight == 3)
    running.cancel()
    await asyncio.wait([running])
    assert submitted.told == [(0, "abandoned"), (1, "abandoned"), (2, "abandoned")]
    assert submitted.budget.used == 0


async def test_an_outage_is_one_line_however_many_connections_meet_it(caplog: pytest.LogCaptureFixture) -> None:
    """Each connection said so for itself: Kafka's absence wrote a line for each camera at once, and its return too."""
    caplog.set_level(logging.INFO)
    publisher, budget = FakePublisher(), ByteBudget(MIB)
    publisher.failures.extend([Unavailable("away")] * 20)
    outlet = Outlet(publisher, budget, BridgeMetrics(CollectorRegistry()).of(DEFAULT_SOURCE), Tracing())
    pipelines = [FramePipeline(outlet) for _ in range(20)]
    for one in pipelines:
        assert budget.try_acquire(claim_bytes(6))
        one.submit(record())
        one.end()
    await asyncio.gather(*(one.run() for one in pipelines))
    said = [line.getMessage() for line in caplog.records if "Kafka takes" in line.getMessage()]
    assert said == ["Kafka takes no frames, waiting: away", "Kafka takes frames again"]
