"""Peers that ask and do not read: slow ones are waited for, those that stand still lose their connection."""

import asyncio
import socket

import pytest

from sightline_gateway import unread
from sightline_gateway.protocol import GatewayProtocol
from tests.unit.gateway.conftest import Serve, until
from tests.unit.gateway.test_connections import ASK, dial, protocols

__all__ = ["protocols"]  # a fixture

STALL_S = 0.5
PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "STALL_S", STALL_S)


async def ask_without_reading(port: int, protocols: list[GatewayProtocol]) -> socket.socket:
    """A connection whose answers have filled every buffer on their way."""
    loop, asking = asyncio.get_running_loop(), socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.setblocking(False)
    await loop.sock_connect(asking, ("127.0.0.1", port))
    async with asyncio.timeout(20):
        while not (protocols and protocols[0].flow.write_paused):
            await loop.sock_sendall(asking, PAGE)
            await asyncio.sleep(0.002)
    return asking


async def test_a_peer_that_pipelines_and_never_reads_is_dropped(serve: Serve, protocols: list[GatewayProtocol]) -> None:
    """Its answers waited for it without an end, and with them its connection and the requests behind."""
    async with serve() as served:
        with await ask_without_reading(served.port, protocols):
            assert protocols[0].connections
            await until(lambda: not protocols[0].connections)
        line = await dial(served.port)
        line.send(ASK)
        assert b" 200 " in await line.head()
        line.close()


async def test_a_peer_that_reads_slowly_is_waited_for(serve: Serve, protocols: list[GatewayProtocol]) -> None:
    async with serve() as served:
        with await ask_without_reading(served.port, protocols) as asking:
            loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
            while loop.time() - began < 4 * STALL_S:
                assert await loop.sock_recv(asking, 8192)
                await asyncio.sleep(STALL_S / 10)
            assert protocols[0].connections
            assert protocols[0].transport.get_write_buffer_size() > 0, "it was slow"


async def test_a_close_does_not_wait_for_a_peer_that_stands_still(
    serve: Serve, protocols: list[GatewayProtocol]
) -> None:
    """As the close of a connection on which nothing more comes: what is unread kept it open."""
    async with serve() as served:
        with await ask_without_reading(served.port, protocols):
            protocols[0].transport.close()
            await until(lambda: not protocols[0].connections)
