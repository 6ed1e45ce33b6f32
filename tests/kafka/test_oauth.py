"""Processes on a Kafka that wants tokens: how they get in, how they stay in, and what they say if not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_common.errors import PublishError
from sightline_common.publisher import Ack, Publisher
from sightline_common.settings import KafkaSettings
from tests.kafka.publishing import SOON_S, frame, running_publisher, until_ready, until_told
from tests.oauth import LASTS_S, OAuthKafka, oauth_kafka
from tests.unit.gateway.process import image_bytes, running_gateway

pytestmark = pytest.mark.kafka


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
    async with running_publisher(KafkaSettings(**kafka.settings())) as publisher:
        await until_ready(publisher)
        asked = len(kafka.tokens.asked)
        async with asyncio.timeout(SOON_S):
            while len(kafka.tokens.asked) < asked + 2:
                await _published(publisher)
                await asyncio.sleep(0.1)
            assert (await _published(publisher)).offset >= 0


async def _published(publisher: Publisher) -> Ack:
    """A busy machine is late with its new token at times: the broker ends the connection, and the next one has it."""
    while True:
        try:
            return await publisher.publish(frame())
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
    async with running_publisher(KafkaSettings(**kafka.settings(**changes))) as publisher:
        assert reason in await until_told(publisher, "no token from http://127.0.0.1:")


async def test_a_token_for_others_is_refused_by_the_broker(kafka: OAuthKafka) -> None:
    """The library dropped the broker's reason when it came together with the connection's end."""
    kafka.tokens.audience = "something else"
    async with running_publisher(KafkaSettings(**kafka.settings())) as publisher:
        await until_told(publisher, "the broker refused the user")
