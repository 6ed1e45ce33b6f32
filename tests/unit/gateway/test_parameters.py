"""The short way to an upload's parameters gives what the framework's way gives."""

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Header
from starlette.datastructures import Headers

from sightline_gateway.parameters import UploadHeaders, UploadQuery, header_fields
from sightline_gateway.routes import uploads
from tests.unit.gateway.conftest import Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes

PNG = image_bytes()

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


ASKED = [
    "",
    "model=digits-lenet&stream=camera-7&top=3",
    "model=digits-lenet@1",
    "model=a&model=b",
    "top=3&top=4",
    "top=4&top=none",
    "stream=a+b",
    "stream=a%20b%2Bc",
    "stream=%C3%A4&stream",
    "stream=",
    "stream=%00",
    "stream=%FF",
    "model=%2E%2E",
    "top=0",
    "top=3.0",
    "top=%203",
    "modle=digits-lenet",
    "&&model=a&",
    "model[]=a",
    "Model=a",
]


@pytest.mark.parametrize("asked", ASKED)
async def test_the_query_is_taken_as_the_framework_takes_it(
    served: Served, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Repeated, unknown, empty and escaped ones among them; what one refuses the other refuses, in the same words."""
    short = await sent(served, asked)
    monkeypatch.setattr(uploads, "header_fields", lambda *_: {"idempotency_key": "\0"})  # refused: the framework's turn
    assert await sent(served, asked) == short


async def sent(served: Served, query: str) -> object:
    """What became of an upload with this query: how it was refused, or what Kafka and its result say."""
    uploading = asyncio.create_task(
        served.client.post(f"/v1/images?{query}", content=PNG, headers={"Prefer": "wait=10"})
    )
    before = len(served.publisher.records)
    await until(lambda: uploading.done() or len(served.publisher.records) > before)
    if uploading.done():
        return (await uploading).json()
    record = served.publisher.records[-1]
    served.topic.append([make_result(record)])
    return record.model, record.stream, len((await uploading).json()["predictions"])


async def test_openapi_describes_what_the_short_way_takes_and_nothing_else(served: Served) -> None:
    """A parameter that only one of them has would be refused, or ignored, although it is described."""
    document = (await served.client.get("/openapi.json")).json()
    described = document["paths"]["/v1/images"]["post"]["parameters"]
    by_place = {
        place: {parameter["name"].lower() for parameter in described if parameter["in"] == place}
        for place in ("query", "header", "path", "cookie")
    }
    headers = {name.replace("_", "-") for name in UploadHeaders.model_fields}
    assert by_place == {"query": set(UploadQuery.model_fields), "header": headers, "path": set(), "cookie": set()}
