"""The answer that carries a whole image."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Final
from urllib.parse import quote

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway.body import BodyPace
from sightline_gateway.delivery import Interrupted, deliver
from sightline_gateway.pictures.source import StoredImage

_EXTENSIONS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}
_CHUNK: Final = 64 * 1024  # what a socket takes; a slow reader is then noticed


class Download(Response):
    """Sends an image, then closes `held`; a reader that does not keep `pace` is cut off, for others need its place."""

    def __init__(
        self, image: StoredImage, fallback: str, headers: dict[str, str], held: ExitStack, pace: BodyPace
    ) -> None:
        """`fallback` is the file's name for an image without one; an extension is added."""
        sent = {
            **headers,
            "Content-Disposition": disposition(image.name or fallback + _EXTENSIONS.get(image.content_type, "")),
            "Content-Length": str(len(image.data)),
        }
        super().__init__(headers=sent, media_type=image.content_type)
        self._data = image.data
        self._held = held
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await deliver(self._chunks(), scope, receive, send)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        began = clock()
        for sent in range(0, len(self._data), _CHUNK):
            if clock() - began > self._pace.allowed_s(sent):
                raise Interrupted
            yield self._data[sent : sent + _CHUNK]


def disposition(name: str) -> str:
    """`Content-Disposition` of a file to be saved (RFC 6266): plain for old readers, then exact. Never a path."""
    last = name.replace("\\", "/").rpartition("/")[2] or "image"
    plain = "".join(letter if (letter.isalnum() and letter.isascii()) or letter in " -._" else "_" for letter in last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
