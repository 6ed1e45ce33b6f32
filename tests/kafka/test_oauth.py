"""Processes on a Kafka that wants tokens: how they get in, how they stay in, and what they say if not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from sightline_common.errors import PublishError
from sightline_common.publisher import Ack, Publisher
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from tests.oauth import LASTS_S, OAuthKafka, oauth_kafka
from tests.unit.gateway.process import image_bytes, running_gateway

pytestmark = pytest.mark.kafka

_SOON_S: Final = 20.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthKafka]:
    with oauth_kafka(tmp_path_factory.mktemp("oauth")) as kafka:
        yield kafka


@pytest.fixture
def kafka(running: OAuthKafka) -> Iterator[OAuthKafka]:
    """With a provider as it was, whatever the test does to it."""
    audience = running.tokens.audience
    yield running
    running.tokens.audience, running.tokens.lasts_s, running.tokens.answer = audience, LASTS_S, None


@asynccontextmanager
async def _publisher(settings: KafkaSettings) -> AsyncIterator[Publisher]:
    publisher = Publisher(settings, client_id="test")
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop(5)


async def _until_ready(publisher: Publisher) -> None:
    async with asyncio.timeout(_SOON_S):
        while not publisher.readiness().ok:
            await asyncio.sleep(0.05)


async def _until_told(publisher: Publisher, words: str) -> None:
    async with asyncio.timeout(_SOON_S):
        while words not in publisher.readiness().reason:
            assert not publisher.readiness().ok
            await asyncio.sleep(0.05)


def _record() -> ImageRecord:
    return ImageRecord(new_image_id(), b"pixels", "image/png", "tcp", accepted_at=1)


def test_the_gateway_accepts_an_image(kafka: OAuthKafka, tmp_path: Path) -> None:
    """Its producer, its consumer and its look at the topics all show a token."""
    settings = kafka.settings()
    with running_gateway(settings.pop("kafka_bootstrap_servers"), tmp_path, **settings) as gateway:
        gateway.wait_ready()
        accepted = gateway.client.post("/v1/images", content=image_bytes(), headers={"Content-Type": "image/png"})
        assert accepted.status_code == 202, accepted.text
        assert settings["kafka_password"] not in gateway.log()
    assert {"grant_type": ["client_credentials"], "scope": ["kafka"]} in kafka.tokens.asked


async def test_publishing_goes_on_beyond_a_tokens_time(kafka: OAuthKafka) -> None:
    kafka.tokens.lasts_s = 6
    async with _publisher(KafkaSettings(**kafka.settings())) as publisher:
        await _until_ready(publisher)
        asked = len(kafka.tokens.asked)
        async with asyncio.timeout(3 * _SOON_S):
            while len(kafka.tokens.asked) < asked + 2:
                await _published(publisher)
                await asyncio.sleep(0.1)
            assert (await _published(publisher)).offset >= 0


async def _published(publisher: Publisher) -> Ack:
    """A busy machine is late with its new token at times: the broker ends the connection, and the next one has it."""
    while True:
        try:
            return await publisher.publish(_record())
        except PublishError:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kafka_password": "guessed"}, "check SIGHTLINE_KAFKA_USERNAME and SIGHTLINE_KAFKA_PASSWORD"),
        ({"kafka_oauth_token_url": "http://127.0.0.1:1/token"}, "check SIGHTLINE_KAFKA_OAUTH_TOKEN_URL ("),
    ],
)
async def test_why_there_is_no_token_is_told_in_readiness(
    kafka: OAuthKafka, changes: dict[str, str], reason: str
) -> None:
    async with _publisher(KafkaSettings(**kafka.settings(**changes))) as publisher:
        await _until_told(publisher, "no token from http://127.0.0.1:")
        assert reason in publisher.readiness().reason


async def test_a_token_for_others_is_refused_by_the_broker(kafka: OAuthKafka) -> None:
    """Without TLS the library may lose the broker's reason; what is told then names the user too."""
    kafka.tokens.audience = "something else"
    async with _publisher(KafkaSettings(**kafka.settings())) as publisher:
        await _until_told(publisher, " the user")
