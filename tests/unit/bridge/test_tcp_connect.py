"""Source `tcp-connect` against real senders: what it brings, what it outlives, how it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sightline_bridge.config import TcpConnectConfig
from sightline_bridge.sources import one_stream
from sightline_local.ports import free_port
from tests.unit.bridge.doubles import DEADLINE_S, eventually, running
from tests.unit.bridge.test_server import FRAMES, numbered, wire


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.002)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 0.01)


@asynccontextmanager
async def sender(port: int, *sent: bytes) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """A sender that is dialled: connection n gets `sent[n]` and a close after it; later ones stay open and silent."""
    writers: list[asyncio.StreamWriter] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if len(writers) <= len(sent):
            writer.write(sent[len(writers) - 1])
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield writers
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def dialling(port: int, stream: str | None = None) -> TcpConnectConfig:
    return TcpConnectConfig(name="camera", host="127.0.0.1", port=port, stream=stream)


async def test_a_sender_is_dialled_and_its_frames_are_taken() -> None:
    async with sender(port := free_port(), wire(*FRAMES)), running(dialling(port)) as bridge:
        await eventually(lambda: bridge.publisher.frames == FRAMES)
        assert {(record.source, record.stream) for record in bridge.publisher.published} == {("tcp", "tcp:127.0.0.1")}


async def test_a_sender_that_comes_later_is_found_and_said_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    async with running(dialling(port, stream="gate")) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 5)
        assert bridge.metric("source_up") == 0
        assert bridge.source.readiness().ok, "others still need this process"
        assert "Connection refused" in bridge.source.readiness().reason
        async with sender(port) as writers:
            await eventually(lambda: bridge.metric("source_up") == 1)
            writers[0].write(wire(FRAMES[0]))
            await eventually(lambda: bridge.publisher.frames == FRAMES[:1])
            assert bridge.publisher.published[0].stream == "gate"
    lines = [record.getMessage() for record in caplog.records if f"127.0.0.1:{port} is" in record.getMessage()]
    assert [" is away" in line for line in lines[:2]] == [True, False]


async def test_a_sender_that_went_is_dialled_again_without_an_end() -> None:
    frames = numbered(12)
    async with (
        sender(port := free_port(), *(wire(frame) for frame in frames)),
        running(dialling(port)) as bridge,
    ):
        await eventually(lambda: bridge.publisher.frames == frames)
        await eventually(lambda: bridge.ends("closed") == 12)
        await eventually(lambda: bridge.metric("connections") == 1)


async def test_a_sender_that_sends_no_frame_is_not_dialled_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 30)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    async with sender(port := free_port(), b"", b""), running(dialling(port)) as bridge:
        await eventually(lambda: bridge.ends("closed") == 1)
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert bridge.metric("connections") == 0


async def test_a_frame_ends_the_patience_that_failures_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that was away for a night and restarts later must not be missed for as long as at the night's end."""
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.005)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    port = free_port()
    async with running(dialling(port)) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 7)  # the next wait is 0.3 to 0.6 s, then more
        async with sender(port, wire(FRAMES[0])):
            await eventually(lambda: bridge.publisher.frames == FRAMES[:1])
        before = bridge.metric("open_failures_total")
        await eventually(lambda: bridge.metric("open_failures_total") >= before + 6)  # else after 10 s at the least


async def test_a_stop_while_nobody_answers_is_immediate() -> None:
    async with running(dialling(free_port())) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 1)
        async with asyncio.timeout(DEADLINE_S):
            await bridge.source.stop(3 * DEADLINE_S)


async def test_a_stop_ends_a_dialled_stream_at_a_frame_boundary() -> None:
    async with sender(port := free_port()) as writers, running(dialling(port)) as bridge:
        await eventually(lambda: len(writers) == 1)
        writers[0].write(wire(FRAMES[0])[:50])
        await eventually(lambda: bridge.metric("received_bytes_total") == 50)
        stopping = asyncio.create_task(bridge.source.stop(5))
        await asyncio.sleep(0)
        writers[0].write(wire(FRAMES[0])[50:])
        await stopping
        assert bridge.publisher.frames == FRAMES[:1]
        assert bridge.ends("stopped") == 1


async def test_a_frame_before_each_fault_is_no_reason_to_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender with one frame and then rubbish was dialled again at once, for ever."""
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 30)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    faulty = wire(FRAMES[0]) + b"\xff" * 100
    async with sender(port := free_port(), faulty, faulty), running(dialling(port)) as bridge:
        await eventually(lambda: bridge.ends("bad-frame") == 1)
        assert bridge.publisher.frames == FRAMES[:1]
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert bridge.metric("connections") == 0
