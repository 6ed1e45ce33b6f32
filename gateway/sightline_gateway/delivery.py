"""Sends a body in chunks: notices readers that leave and readers that are stuck."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Literal

from starlette.types import Receive, Scope, Send

from sightline_gateway.protocol import abort_connection

STALL_S: Final = 20.0  # a reader that takes nothing for longer than a heartbeat's interval is stuck, not slow

End = Literal["ended", "interrupted", "left", "stalled"]


class Interrupted(Exception):
    """Raised by chunks that cannot be completed: the reader must not take what it has for the whole."""


async def deliver(chunks: AsyncGenerator[bytes, None], scope: Scope, receive: Receive, send: Send) -> End:
    """Send `chunks` as the body of an answer whose head is sent; returns how it ended."""
    sending = asyncio.create_task(_send(chunks, send))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        end = sending.result() if sending.done() else "left"
        if end in ("interrupted", "stalled"):
            abort_connection(scope)
            await leaving
        return end
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(chunks: AsyncGenerator[bytes, None], send: Send) -> End:
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                if chunk and not await _sent(chunk, send):
                    return "stalled"
        except Interrupted:
            return "interrupted"
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return "ended"


async def _sent(chunk: bytes, send: Send) -> bool:
    try:
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except TimeoutError:
        return False
    return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
