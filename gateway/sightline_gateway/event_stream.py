"""The response that carries server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.delivery import deliver
from sightline_gateway.metrics import Metrics


class EventStream(Response):
    """Sends chunks until they end, the reader leaves, or it takes nothing for long."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes, None], metrics: Metrics) -> None:
        # X-Accel-Buffering: nginx would otherwise hold events back until its buffer is full.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._metrics = metrics
        self._slow = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with self._metrics.stream_readers.track_inprogress():
            end = await deliver(self._watched(), scope, receive, send)
        reason = ("slow" if self._slow else "stopping") if end == "ended" else end
        self._metrics.stream_ends.labels(reason).inc()

    async def _watched(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                self._slow = chunk.startswith(b"event: dropped")
                yield chunk
