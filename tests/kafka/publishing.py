"""A publisher of the test's own, and what it says of the Kafka behind it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sightline_common.publisher import Publisher
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord

SOON_S: Final = 60.0


@asynccontextmanager
async def running_publisher(settings: KafkaSettings) -> AsyncIterator[Publisher]:
    """Started, and stopped within its time whatever Kafka does."""
    publisher = Publisher(settings, client_id="test")
    await publisher.start()
    try:
        yield publisher
    finally:
        started = time.monotonic()
        await publisher.stop(5)
        assert time.monotonic() - started < 10


async def until_ready(publisher: Publisher) -> None:
    """Wait until it can publish."""
    async with asyncio.timeout(SOON_S):
        while not publisher.readiness().ok:
            await asyncio.sleep(0.05)


async def until_told(publisher: Publisher, words: str) -> str:
    """The reason why it cannot publish, once `words` are in it."""
    async with asyncio.timeout(SOON_S):
        while words not in (readiness := publisher.readiness()).reason:
            assert not readiness.ok
            await asyncio.sleep(0.05)
    return readiness.reason


def frame(image_id: str | None = None) -> ImageRecord:
    """A record to publish."""
    return ImageRecord(image_id or new_image_id(), b"pixels", "image/png", "tcp", accepted_at=1)
