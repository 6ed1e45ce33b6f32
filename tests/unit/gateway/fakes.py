"""What stands in for Kafka and the classifier in tests of the gateway."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline_common.management import Readiness
from sightline_common.publisher import Ack
from sightline_contracts.images import ImageRecord
from sightline_contracts.media import sniff
from sightline_contracts.origins import Origin
from sightline_contracts.results import ErrorInfo, ModelRef, Prediction, Result, Timing
from sightline_contracts.topics import IMAGES
from sightline_contracts.traces import trace_id_of
from sightline_gateway.pictures.source import ImageGone, StoredImage
from sightline_gateway.view.store import Arrival
from sightline_gateway.view.view import ResultsView

TOPIC = "5f3a9c1e"
PARTITIONS = 4


def make_result(record: ImageRecord, *, version: str | None = "1", error: ErrorInfo | None = None) -> Result:
    """A plausible result of `record`, the same for the same id."""
    chance = random.Random(record.id)
    model = (record.model or "digits-lenet").partition("@")[0]
    labels = (
        [str(digit) for digit in range(10)] if model == "digits-lenet" else ["palace", "daisy", "boat", "cup", "cat"]
    )
    weights = sorted((chance.random() ** 4 for _ in labels), reverse=True)
    classes = list(enumerate(labels))
    chance.shuffle(classes)
    predictions = tuple(
        Prediction(index, label, round(weight / sum(weights), 6))
        for (index, label), weight in zip(classes, weights, strict=True)
    )
    return Result(
        id=record.id,
        status="failed" if error else "classified",
        model=ModelRef(model, version),
        predictions=() if error else predictions[:5],
        stream=record.stream,
        name=record.name,
        source=record.source,
        accepted_at=record.accepted_at,
        classified_at=time.time_ns() // 1_000_000,
        timing_ms=Timing(
            round(chance.uniform(5, 40), 3), round(chance.uniform(1, 6), 3), round(chance.uniform(1, 9), 3)
        ),
        error=error,
        precision=version and "f32",
        engine=version and "onednn",
        trace_id=trace_id_of(record.traceparent),
    )


def add_model(folder: Path, name: str, version: str, **changes: Any) -> None:
    """Write a bundle's model.json."""
    bundle = {
        "schema": "sightline.model/1",
        "name": name,
        "version": version,
        "input": {"height": 28, "width": 28},
        "labels": ["a", "b", "c"],
        "licence": "CC-BY-4.0",
        "origin": "made up",
        "metrics": {"top1": 0.98},
        **changes,
    }
    path = folder / name / version / "model.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(bundle))


class FakePublisher:
    """Takes records into memory; `failure` is raised instead when it is set, `gate` is waited for first."""

    def __init__(self) -> None:
        self.records: list[ImageRecord] = []
        self.origins: dict[str, Origin] = {}
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, record: ImageRecord) -> Awaitable[Ack]:
        """Take `record`; see `publish`."""
        return self.publish(record)

    async def publish(self, record: ImageRecord) -> Ack:
        """Acknowledge `record` once the gate is open."""
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.origins[record.id] = Origin(IMAGES, 0, len(self.records))
        self.records.append(record)
        return Ack(0, len(self.records) - 1)

    def readiness(self) -> Readiness:
        """Always ready."""
        return Readiness(ok=True, reason="in memory")


class FakeImages:
    """Gives back what a fake publisher took; `failure` is raised instead when it is set."""

    def __init__(self, publisher: FakePublisher) -> None:
        self._records = publisher.records
        self.failure: Exception | None = None
        self.reads = 0

    async def read(self, image_id: str, origin: Origin) -> StoredImage:
        """The record at `origin`, if it has this id."""
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        record = self._records[origin.offset]
        if record.id != image_id:
            raise ImageGone
        return StoredImage(bytes(record.payload), sniff(record.payload[:12]) or "application/octet-stream", record.name)

    async def close(self) -> None:
        """There is nothing to close."""


class FakeTopic:
    """A results topic in memory: appends results to partitions and shows them to the view as the feed would."""

    def __init__(
        self,
        view: ResultsView,
        next_offsets: dict[int, int] | None = None,
        origins: Mapping[str, Origin] | None = None,
    ) -> None:
        """`origins` tell where images are; results of others do not say."""
        self._view = view
        self._origins = {} if origins is None else origins
        self._next = next_offsets or dict.fromkeys(range(PARTITIONS), 0)

    def append(self, results: Sequence[Result]) -> None:
        """Append a batch; the partition follows from the id."""
        arrivals = [self._arrival(result) for result in results]
        self._view.apply(arrivals, self._next)

    def _arrival(self, result: Result) -> Arrival:
        partition = sum(result.id.encode()) % PARTITIONS
        offset = self._next[partition]
        self._next[partition] = offset + 1
        return Arrival(partition, offset, result, self._origins.get(result.id))
