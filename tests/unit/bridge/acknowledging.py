"""A sender of acknowledged frames on a real socket, and a bridge that has welcomed it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sightline_bridge.ack.messages import (
    ANSWER_BYTES,
    Answer,
    AnswerKind,
    GoodbyeCode,
    NackCode,
    decode_answer,
    encode_hello,
)
from sightline_bridge.config import TcpListenConfig
from sightline_bridge.metrics import DEFAULT_SOURCE
from tests.unit.bridge.doubles import MIB, Bridge, running

DEADLINE_S = 10.0


def config(*, idle_s: float = 60, frame_s: float = 30, window: int = 8) -> TcpListenConfig:
    return TcpListenConfig(
        name=DEFAULT_SOURCE,
        port=0,
        ack="frame",
        ack_window=window,
        stream="line-3",
        model="digits-lenet",
        content_type="image/x-raw",
        idle_timeout_s=idle_s,
        frame_timeout_s=frame_s,
    )


class Sender:
    """One connection, as a sender has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def hello(self, sender_id: str = "camera-7") -> Answer:
        self.writer.write(encode_hello(sender_id))
        return await self.answer()

    async def answer(self) -> Answer:
        async with asyncio.timeout(DEADLINE_S):
            return decode_answer(await self._reader.readexactly(ANSWER_BYTES))

    async def rest(self) -> list[Answer]:
        """All answers until the bridge closes, which it must do in good order."""
        async with asyncio.timeout(DEADLINE_S):
            data = await self._reader.read()
        return [decode_answer(data[at : at + ANSWER_BYTES]) for at in range(0, len(data), ANSWER_BYTES)]


@asynccontextmanager
async def connected(settings: TcpListenConfig | None = None) -> AsyncIterator[tuple[Bridge, Sender]]:
    """A bridge and a sender that it has welcomed."""
    async with running(settings or config()) as bridge:
        sender = Sender(*await bridge.connect())
        welcome = await sender.hello()
        assert (welcome.kind, welcome.value & 0xFFFFFFFF) == (AnswerKind.WELCOME, MIB)
        yield bridge, sender


def ack(frame_id: int) -> Answer:
    return Answer(AnswerKind.ACK, 0, again=False, value=frame_id)


def nack(frame_id: int, code: NackCode) -> Answer:
    return Answer(AnswerKind.NACK, code, code is NackCode.NOT_STORED, frame_id)


def goodbye(code: GoodbyeCode) -> Answer:
    return Answer(AnswerKind.GOODBYE, code, code.again, 1)
