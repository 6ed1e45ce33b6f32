"""Peers that ask and do not read: slow ones are waited for, those that stand still lose their connection."""

import asyncio
import socket
from unittest.mock import Mock

import pytest

from sightline_gateway import unread
from sightline_gateway.protocol import GatewayProtocol
from tests.unit.gateway.conftest import Serve, until
from tests.unit.gateway.test_connections import ASK, dial, protocols

__all__ = ["protocols"]  # a fixture

STALL_S = 0.5
STREAM = b"GET /v1/results/stream HTTP/1.1\r\nHost: x\r\n\r\n"
NONSENSE = b"nonsense\r\n\r\n"
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


async def leave_unread(port: int, protocols: list[GatewayProtocol]) -> socket.socket:
    """A connection with answers that are complete and wait for it, far from as many as would make us wait."""
    loop, asking = asyncio.get_running_loop(), socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.setblocking(False)
    await loop.sock_connect(asking, ("127.0.0.1", port))
    await until(lambda: protocols)
    transport = protocols[0].transport
    transport.set_write_buffer_limits(high=2**30)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    async with asyncio.timeout(60):  # the page is made when it is first asked for
        while not transport.get_write_buffer_size():
            await loop.sock_sendall(asking, PAGE)
            await until(lambda: getattr(protocols[0].cycle, "response_complete", False), 60)
    assert not protocols[0].flow.write_paused
    return asking


@pytest.mark.parametrize(
    "pieces",
    [(), (NONSENSE,), (PAGE[:-2] + b"Connection: close\r\n\r\n",), (STREAM, NONSENSE)],
    ids=["keep-alive", "refused", "last", "stream"],
)
async def test_every_close_is_watched_also_where_little_is_unread(
    pieces: tuple[bytes, ...], serve: Serve, protocols: list[GatewayProtocol]
) -> None:
    """No buffer is full that would tell of the peer."""
    async with serve() as served:
        with await leave_unread(served.port, protocols) as asking:
            for piece in pieces:
                await asyncio.get_running_loop().sock_sendall(asking, piece)
                await until(lambda: piece != STREAM or is_streaming(protocols[0]))  # noqa: B023 - waited for here
            if not pieces:
                protocols[0].timeout_keep_alive_handler()  # as its timer does
            await until(lambda: not protocols[0].connections, 10 * STALL_S)


def is_streaming(protocol: GatewayProtocol) -> bool:
    """Whether an answer has begun and not ended."""
    return protocol.cycle.response_started and not protocol.cycle.response_complete


@pytest.mark.parametrize("info", [b"\1" * 104, bytes(128)], ids=["short", "not-counted"])
async def test_a_kernel_that_does_not_count_is_no_fault_of_the_peer(
    info: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its TCP_INFO ends before that field, or has 0 in it: what is left for the peer tells as much."""
    gone, left = asyncio.Event(), iter([5000, 5000, 4000, 4000, 3000, 3000, 3000])
    monkeypatch.setattr(unread, "STALL_S", 0.01)
    connected = Mock(getsockopt=lambda *_: info)
    transport = Mock(get_extra_info=lambda _: connected, get_write_buffer_size=lambda: next(left))
    unread.UnreadWatch(asyncio.get_running_loop(), gone.set).begin(transport)
    async with asyncio.timeout(10):
        await gone.wait()
    assert next(left, None) is None, "it looked once more after something was taken"


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
