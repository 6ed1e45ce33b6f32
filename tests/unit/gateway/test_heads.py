"""HEAD: what GET says, without the body, on every path that has GET."""

from pathlib import Path

import httpx
import pytest

from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_guard import Keys

PATHS = [
    "/",
    "/console/js/main.js",
    "/docs",
    "/openapi.json",
    "/problems/timeout",
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/images",
    "/v1/images/nope",
    "/v1/models",
    "/v1/results/export",
    "/v2",
    "/v2/health/ready",
    "/nope",
]
_OF_THE_MOMENT = {"date", "content-length", "transfer-encoding"}  # /metrics has another length each time


def told(answer: httpx.Response) -> dict[str, str]:
    """The headers that do not depend on the moment."""
    return {name: value for name, value in answer.headers.items() if name not in _OF_THE_MOMENT}


@pytest.mark.parametrize("path", PATHS)
async def test_a_head_is_what_get_would_say(served: Served, path: str) -> None:
    """Monitors and download managers ask so; all but the console's files answered 405."""
    whole, head = await served.client.get(path), await served.client.head(path)
    assert (head.status_code, told(head), head.content) == (whole.status_code, told(whole), b"")


async def test_the_head_of_a_file_tells_its_size(served: Served) -> None:
    data = image_bytes("PNG", (300, 200), noise=True)
    image_id = (await served.client.post("/v1/images", content=data)).json()["id"]
    served.topic.append([make_result(served.publisher.records[-1])])
    head = await served.client.head(f"/v1/images/{image_id}/original")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(data)), b"")
    await until(lambda: served.gateway.pictures._downloads == 0)


async def test_the_head_of_the_live_stream_does_not_hold_a_readers_place(served: Served) -> None:
    for _ in range(3):
        head = await served.client.head("/v1/results/stream")
        assert (head.status_code, head.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    await until(lambda: served.view.live.readers == 0)
    assert served.metrics.stream_ends.labels("left")._value.get() == 3


@pytest.mark.parametrize("path", ["/v1/session", "/v2/models/digits-lenet/infer"])
async def test_where_there_is_no_get_there_is_no_head(served: Served, path: str) -> None:
    head = await served.client.head(path)
    assert (head.status_code, head.content) == (405, b"")
    assert {"GET", "HEAD"}.isdisjoint(head.headers["Allow"].split(", "))


async def test_a_path_with_get_says_that_it_has_head(served: Served) -> None:
    refused = await served.client.delete("/v1/images")
    assert {name.strip() for name in refused.headers["Allow"].split(",")} == {"GET", "HEAD", "POST"}


async def test_a_connection_goes_on_after_a_head(served: Served) -> None:
    """A body that comes nevertheless would be taken for the next answer."""
    async with httpx.AsyncClient(
        base_url=str(served.client.base_url), limits=httpx.Limits(max_connections=1), timeout=20
    ) as one:
        for _ in range(3):
            assert (await one.head("/v1/models")).status_code == 200
            assert (await one.head("/v1/results/stream")).status_code == 200
            assert (await one.get("/healthz")).json() == {"healthy": True}


async def test_a_head_needs_the_key_that_get_needs(serve: Serve, tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    async with serve(gateway_keys_file=keys.file) as served:
        assert (await served.client.head("/v1/images")).status_code == 401
        assert (await served.client.head("/v1/images", headers=keys.bearer("upload"))).status_code == 403
        assert (await served.client.head("/v1/images", headers=keys.bearer("read"))).status_code == 200
