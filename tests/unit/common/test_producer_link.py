"""A fault that no retry can mend ends the link loudly, never in silence."""

import asyncio

import pytest
from kafka import KafkaAdminClient

from sightline_common.publisher import Publisher
from sightline_common.settings import KafkaSettings


async def test_an_unforeseen_fault_reaches_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(KafkaAdminClient, "__init__", broken)
    monkeypatch.setattr(KafkaAdminClient, "__del__", lambda _: None, raising=False)
    publisher = Publisher(KafkaSettings(), client_id="test")
    await publisher.start()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(publisher.failed, 10)
    assert not publisher.readiness().ok
    assert "the link to Kafka has failed" in caplog.text
    await publisher.stop(1)
