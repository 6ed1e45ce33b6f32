"""The clients before a gateway that asks for keys, and at its rates."""

import asyncio
from pathlib import Path

import pytest

from sightline_client import AsyncClient, Refused
from sightline_gateway.guard.callers import parse_scopes
from sightline_gateway.guard.keys import make_key
from tests.browser.gateway import png
from tests.unit.gateway.conftest import Serve, serve

__all__ = ["serve"]  # a fixture


async def test_a_key_opens_what_its_scopes_allow(serve: Serve, tmp_path: Path) -> None:
    key, entry = make_key("door", parse_scopes("upload"))
    file = tmp_path / "keys"
    file.write_text(f"{entry.line()}\n")
    async with serve(gateway_keys_file=file) as served:
        url = f"http://127.0.0.1:{served.port}"
        async with AsyncClient(url, api_key=key) as client, AsyncClient(url) as stranger:
            uploaded = await client.upload(png())
            assert [record.id for record in served.publisher.records] == [uploaded.id]
            for refused, status in ((client.result(uploaded.id), 403), (stranger.upload(png()), 401)):
                with pytest.raises(Refused) as caught:
                    await refused
                assert caught.value.status == status
                assert caught.value.code != f"http-{status}"


async def test_a_rate_slows_a_client_down_and_loses_nothing(serve: Serve) -> None:
    async with serve(gateway_ip_rate=4, gateway_burst_s=1) as served:
        url = f"http://127.0.0.1:{served.port}"
        async with AsyncClient(url) as client, AsyncClient(url, retries=0) as hasty:
            for _ in range(6):
                await client.upload(png())
            assert len({record.id for record in served.publisher.records}) == 6
            with pytest.raises(Refused) as caught:
                await asyncio.gather(*(hasty.upload(png()) for _ in range(6)))
            assert caught.value.status == 429
