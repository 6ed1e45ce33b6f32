"""The response that carries server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.delivery import deliver
from sightline_gateway.metrics import Metrics

# How often a stream asks whether its reader may still read; one that is silent asks with its heartbeats. Whose token
# has expired reads on for this and a heartbeat's time at most.
LOOK_S: Final = 5.0
_EXPIRED: Final = b'event: expired\ndata: {"reason": "the key or token is no longer valid: reconnect with another"}\n\n'


class EventStream(Response):
    """Sends chunks until they end, the reader leaves or takes nothing for long, or `admitted` says that it may not."""

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], admitted: Callable[[], Awaitable[bool]], metrics: Metrics
    ) -> None:
        # X-Accel-Buffering: nginx would otherwise hold events back until its buffer is full.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._admitted = admitted
        self._metrics = metrics
        self._why_ended = "stopping"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with self._metrics.stream_readers.track_inprogress():
            end = await deliver(self._watched(), scope, receive, send)
        self._metrics.stream_ends.labels(self._why_ended if end == "ended" else end).inc()

    async def _watched(self) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        look_at = clock() + LOOK_S
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                if clock() >= look_at:
                    if not await self._admitted():
                        self._why_ended = "expired"
                        yield _EXPIRED  # instead of the chunk: its events come again to who reconnects
                        return
                    look_at = clock() + LOOK_S
                if chunk.startswith(b"event: dropped"):
                    self._why_ended = "slow"
                yield chunk
