"""Connections on real sockets: how many, and how long the head of a request may take."""

import asyncio
import json
from typing import Any

import pytest

from sightline_gateway.guard.connections import Connections
from sightline_gateway.intake import Intake, read_ahead
from sightline_gateway.protocol import GatewayProtocol, limited_protocol
from tests.unit.gateway.conftest import Serve, until
from tests.unit.gateway.process import image_bytes

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /v1/images HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


class Line:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Send without waiting."""
        self._writer.write(data)

    async def head(self) -> bytes:
        """The next answer's head, its body read too."""
        async with asyncio.timeout(10):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await self._reader.readexactly(length)
        return head

    async def begun(self) -> None:
        """Wait for the head of an answer that has no end."""
        async with asyncio.timeout(10):
            await self._reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """All until the gateway closes."""
        async with asyncio.timeout(10):
            data = await self._reader.read()
        self.close()
        return data

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def dial(port: int) -> Line:
    """A new connection."""
    return Line(*await asyncio.open_connection("127.0.0.1", port))


def problem_of(answer: bytes) -> dict[str, Any]:
    """The problem document of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    assert int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) == len(body)
    document: dict[str, Any] = json.loads(body)
    return document


def deadlines(protocol: GatewayProtocol) -> tuple[bool, bool]:
    """Whether a head is timed, and whether the time between two requests is."""
    idle = protocol.timeout_keep_alive_task
    return protocol._head_deadline is not None, idle is not None and not idle.cancelled()


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[GatewayProtocol]:
    """The protocols of the connections to the served gateway, in their order."""
    made: list[GatewayProtocol] = []

    def kept(**options: Any) -> Intake:
        made.append(GatewayProtocol(admissions=None, head_timeout_s=10.0, **options))
        return Intake(made[-1])

    monkeypatch.setattr("tests.unit.gateway.conftest.limited_protocol", lambda: kept)
    return made


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the served gateway limits, and returns its connections."""

    def limited(
        most: int = 100, most_of_one: int = 100, head_timeout_s: float = 10.0, proxies: Any = ()
    ) -> Connections:
        connections = Connections(most, most_of_one, proxies)
        protocol = limited_protocol(connections, head_timeout_s)
        monkeypatch.setattr("tests.unit.gateway.conftest.limited_protocol", lambda: protocol)
        return connections

    return limited


@pytest.mark.parametrize(("limits", "code", "status"), [((2, 9), "overloaded", 503), ((9, 2), "rate-limited", 429)])
async def test_a_connection_too_many_is_told_so(
    serve: Serve, limit: Any, limits: tuple[int, int], code: str, status: int
) -> None:
    connections = limit(*limits)
    async with serve() as served:
        lines = [await dial(served.port) for _ in range(2)]
        await until(lambda: len(connections) == 2)
        answer = await (await dial(served.port)).rest()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"retry-after: 2" in answer.lower()
        assert problem_of(answer)["code"] == code
        lines[0].send(ASK)
        assert b"200 OK" in await lines[0].head()
        lines[1].close()
        await until(lambda: len(connections) == 1)
        line = await dial(served.port)
        line.send(ASK)
        assert b"200 OK" in await line.head()
        for open_line in (lines[0], line):
            open_line.close()
        await until(lambda: len(connections) == 0)


async def test_a_trusted_proxy_may_have_as_many_as_there_may_be(serve: Serve, limit: Any) -> None:
    connections = limit(most_of_one=1, proxies=("127.0.0.0/8",))
    async with serve() as served:
        lines = [await dial(served.port) for _ in range(3)]
        await until(lambda: len(connections) == 3)
        for line in lines:
            line.close()


async def test_a_head_that_trickles_is_ended(serve: Serve, limit: Any) -> None:
    connections = limit(head_timeout_s=0.3)
    async with serve() as served:
        line = await dial(served.port)
        line.send(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(4):
            line.send(b"X: y\r\n")
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert problem_of(answer)["code"] == "timeout"
        await until(lambda: len(connections) == 0)


async def test_a_silent_connection_is_closed_without_a_word(serve: Serve, limit: Any) -> None:
    limit(head_timeout_s=0.2)
    async with serve() as served:
        assert await (await dial(served.port)).rest() == b""


async def test_a_second_head_that_trickles_is_ended_too(serve: Serve, limit: Any) -> None:
    """A byte after an answer stops the timer of idle connections: without its own the head could take for ever."""
    limit(head_timeout_s=0.3)
    async with serve() as served:
        line = await dial(served.port)
        line.send(ASK)
        assert b"200 OK" in await line.head()
        line.send(b"G")
        assert problem_of(await line.rest())["code"] == "timeout"


async def test_what_comes_after_the_head_is_not_timed_by_it(serve: Serve, protocols: list[GatewayProtocol]) -> None:
    """Bodies have deadlines of their own, answers such as the live stream have none, idle connections another."""
    async with serve() as served:
        stream = await dial(served.port)
        stream.send(b"GET /v1/results/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.begun()
        line = await dial(served.port)
        line.send(ASK)
        assert b"200 OK" in await line.head()
        assert [deadlines(each) for each in protocols] == [(False, False), (False, True)]
        line.send(CHUNKED)
        await until(lambda: served.metrics.in_flight_bytes._value.get() == 5)
        assert deadlines(protocols[1]) == (False, False)
        stream.close()
        line.close()


async def test_what_is_no_http_gets_a_problem(serve: Serve, limit: Any) -> None:
    limit()
    async with serve() as served:
        line = await dial(served.port)
        line.send(b"\x16\x03\x01 hello\r\n\r\n")
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert problem_of(answer)["code"] == "bad-request"


async def test_an_offer_of_another_protocol_changes_nothing(serve: Serve) -> None:
    """Java's client offers HTTP/2 with each request: the parser then stops, and what follows waited for ever."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
    image = image_bytes("PNG")
    upload = b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (len(image), offer) + image
    ask = ASK[:-2] + offer + b"\r\n"
    async with serve() as served:
        line = await dial(served.port)
        line.send(ask + upload + ask)
        assert [(await line.head())[9:12] for _ in range(3)] == [b"200", b"202", b"200"]
        line.send(upload)
        assert b" 202 " in await line.head()
        line.close()


@pytest.mark.parametrize("host", [b"", b"Host: x\r\nHost: y\r\n"], ids=["none", "two"])
async def test_a_request_names_one_host(serve: Serve, host: bytes) -> None:
    async with serve() as served:
        line = await dial(served.port)
        line.send(b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n")
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert problem_of(answer)["code"] == "bad-request"


@pytest.mark.parametrize(
    "begun",
    [b"GET /healthz HTTP/1.1\r\nX: ", b"GET /", CHUNKED + b"0\r\nX: ", CHUNKED + b"5;"],
    ids=["header", "target", "trailer", "chunk extension"],
)
async def test_what_is_neither_head_nor_body_is_bounded(serve: Serve, begun: bytes) -> None:
    """The parser keeps as much of a header as comes, in no budget."""
    async with serve() as served:
        line = await dial(served.port)
        line.send(begun)
        await until(lambda: served.metrics.in_flight_bytes._value.get() == (5 if CHUNKED in begun else 0))
        line.send(b"x" * 70_000)
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert problem_of(answer)["code"] == "bad-request"


async def test_what_follows_a_chunked_body_is_no_header(serve: Serve) -> None:
    image = image_bytes("PNG")
    head = b"POST /v1/images HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(image)
    async with serve() as served:
        line = await dial(served.port)
        line.send(head + image + b"\r\n0\r\nX-Image-Name: late\r\n\r\n")
        assert b" 202 " in await line.head()
        assert served.publisher.records[0].name is None
        line.close()


async def test_a_malformed_chunk_is_told_unless_the_answer_has_begun(serve: Serve) -> None:
    async with serve() as served:
        line = await dial(served.port)
        line.send(CHUNKED + b"nonsense\r\n")
        assert problem_of(await line.rest())["code"] == "bad-request"
        stream = await dial(served.port)
        stream.send(b"GET /v1/results/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.begun()
        stream.send(b"nonsense\r\n\r\n")
        assert b"400" not in await stream.rest()


async def test_line_ends_between_requests_do_not_keep_a_connection(serve: Serve, limit: Any) -> None:
    """They begin no request that the parser tells of, but they stop the timer of idle connections."""
    connections = limit(head_timeout_s=0.3)
    async with serve() as served:
        line = await dial(served.port)
        line.send(ASK)
        assert b"200 OK" in await line.head()
        line.send(b"\r\n")
        await line.rest()
        await until(lambda: len(connections) == 0)


@pytest.mark.parametrize("connections", [1, 64, 100, 1_000, 100_000])
def test_all_connections_together_bring_a_bounded_number_of_bytes(connections: int) -> None:
    assert 16 * 1024 <= read_ahead(connections) <= 256 * 1024
    assert connections > 1_024 or read_ahead(connections) * connections <= 16 * 1024 * 1024
