"""The response that carries server-sent events: it notices readers that leave and readers that are stuck."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.metrics import Metrics
from sightline_gateway.protocol import abort_connection

STALL_S: Final = 20.0  # a reader that takes nothing for longer than a heartbeat's interval is stuck, not slow


class EventStream(Response):
    """Sends chunks until they end, the reader leaves, or it takes nothing for `STALL_S` seconds."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes, None], metrics: Metrics) -> None:
        # X-Accel-Buffering: nginx would otherwise hold events back until its buffer is full.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._metrics.stream_readers.inc()
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            reason = sending.result() if sending.done() else "left"
            if reason == "stalled":
                abort_connection(scope)
                await leaving
        finally:
            self._metrics.stream_readers.dec()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        self._metrics.stream_ends.labels(reason).inc()

    async def _send(self, send: Send) -> str:
        reason = "stopping"
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                if not chunk:
                    continue
                reason = "slow" if chunk.startswith(b"event: dropped") else "stopping"
                try:
                    async with asyncio.timeout(STALL_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    return "stalled"
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return reason


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
