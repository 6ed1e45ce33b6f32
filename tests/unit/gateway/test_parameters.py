"""The short way to an upload's parameters gives what the framework's way gives."""

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Header
from starlette.datastructures import Headers

from sightline_gateway.parameters import UploadHeaders, header_fields

SENT: list[list[tuple[str, str]]] = [
    [],
    [("Content-Type", "image/png")],
    [("Idempotency-Key", '"a"'), ("X-Image-Name", "é.png"), ("Prefer", "wait=3")],
    [("Prefer", "respond-async"), ("prefer", "wait=5, x"), ("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")],
    [("X-Image-Name", "first"), ("X-Image-Name", "second")],
    [("X-Callback-Url", "https://a.example/"), ("X_Image_Name", "underscores are no header of ours")],
    [("Content-Type", "")],
]


@pytest.mark.parametrize("sent", SENT)
async def test_headers_are_taken_as_the_framework_takes_them(sent: list[tuple[str, str]]) -> None:
    """Repeated ones, underscores, empty values and UTF-8 among them."""
    app = FastAPI()
    seen: list[UploadHeaders] = []

    @app.get("/")
    async def take(headers: Annotated[UploadHeaders, Header()]) -> None:
        seen.append(headers)

    raw = [(name.encode(), value.encode()) for name, value in sent]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get("/", headers=raw)).status_code == 200
    (theirs,) = seen
    received = Headers(raw=[(name.lower(), value) for name, value in raw])
    assert UploadHeaders.model_validate(header_fields(UploadHeaders, received)) == theirs
