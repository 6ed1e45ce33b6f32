"""The answer that carries a whole image."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Final
from urllib.parse import quote

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.delivery import deliver
from sightline_gateway.pictures.source import StoredImage

_CHUNK: Final = 64 * 1024  # what a socket takes; a slow reader is then noticed


class Download(Response):
    """Sends an image as fast as its reader takes it, then closes `held`."""

    def __init__(self, image: StoredImage, fallback: str, headers: dict[str, str], held: ExitStack) -> None:
        """`fallback` is the file's name for an image without one."""
        sent = {
            **headers,
            "Content-Disposition": disposition(image.name or fallback),
            "Content-Length": str(len(image.data)),
        }
        super().__init__(headers=sent, media_type=image.content_type)
        self._data = image.data
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await deliver(self._chunks(), scope, receive, send)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(self._data), _CHUNK):
            yield self._data[start : start + _CHUNK]


def disposition(name: str) -> str:
    """`Content-Disposition` of a file to be saved (RFC 6266): plain for old readers, then exact. Never a path."""
    last = name.replace("\\", "/").rpartition("/")[2] or "image"
    plain = "".join(letter if (letter.isalnum() and letter.isascii()) or letter in " -._" else "_" for letter in last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
