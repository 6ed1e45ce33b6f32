"""Requests that follow each other on one connection: each gets its own answer, and nothing keeps the connection."""

import pytest

from sightline_gateway.protocol import GatewayProtocol
from tests.unit.gateway.conftest import Serve, until
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_connections import ASK, CHUNKED, Line, deadlines, dial, problem_of, protocols

__all__ = ["protocols"]  # a fixture

IMAGE = image_bytes("PNG")
UPLOAD = b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(IMAGE) + IMAGE


async def answers(line: Line) -> list[bytes]:
    """The statuses of all answers until the gateway closes."""
    return [part[:3] for part in (await line.rest()).split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_a_body_that_nobody_wants_does_not_keep_a_connection(
    serve: Serve, protocols: list[GatewayProtocol], method: bytes
) -> None:
    """Its bytes stopped the timer of idle connections, and no other one ran: one a day was enough, for ever."""
    async with serve() as served:
        line = await dial(served.port)
        line.send(method + b" /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        await line.begun()
        line.send(b"x")
        await line.rest()
        assert protocols[0].transport.is_closing()


async def test_between_requests_a_deadline_always_is_armed(serve: Serve, protocols: list[GatewayProtocol]) -> None:
    async with serve() as served:
        line = await dial(served.port)
        await until(lambda: protocols)
        seen = [deadlines(protocols[0])]
        whole_body = ASK[:-2] + b"Content-Length: 1\r\n\r\nx"
        for sent in (ASK, whole_body, UPLOAD, ASK + ASK):
            line.send(sent)
            for _ in range(sent.count(b"HTTP/1.1")):
                await line.head()
            seen.append(deadlines(protocols[0]))
        line.send(b"\r\n")
        await until(lambda: deadlines(protocols[0]) != seen[-1])
        assert [*seen, deadlines(protocols[0])] == [(True, False), *[(False, True)] * 4, (True, False)]
        line.close()


async def test_requests_that_wait_for_their_turn_are_bounded(serve: Serve, protocols: list[GatewayProtocol]) -> None:
    """One read could bring ten thousand, none of which was in a budget; those that were taken are answered."""
    async with serve() as served:
        line = await dial(served.port)
        served.publisher.gate.clear()
        line.send(UPLOAD + ASK * 1000)
        await until(lambda: protocols and protocols[0].pipeline)
        assert len(protocols[0].pipeline) == 8
        served.publisher.gate.set()
        assert await answers(line) == [b"202", *[b"200"] * 8]


async def test_as_many_requests_as_may_wait_keep_the_connection(serve: Serve) -> None:
    async with serve() as served:
        line = await dial(served.port)
        for _ in range(2):
            line.send(ASK * 9)
            assert [(await line.head())[9:12] for _ in range(9)] == [b"200"] * 9
        line.close()


@pytest.mark.parametrize("after", [b"\x16\x03\x01 hello\r\n\r\n", b"GET /" + b"x" * 70_000], ids=["garbage", "flood"])
async def test_an_upload_is_answered_by_what_became_of_it(
    serve: Serve, protocols: list[GatewayProtocol], after: bytes
) -> None:
    """A refusal of what follows was sent in its place: the sender read 400, and the image was published."""
    async with serve() as served:
        line = await dial(served.port)
        served.publisher.gate.clear()
        line.send(UPLOAD)
        await until(lambda: protocols and protocols[0]._request() is not None and not protocols[0].cycle.more_body)
        line.send(after)
        await until(lambda: protocols[0]._refused)
        served.publisher.gate.set()
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert b"connection: close" in answer.lower()
        assert b"HTTP/1.1 400" not in answer


async def test_a_malformed_body_is_told_in_its_turn(serve: Serve) -> None:
    async with serve() as served:
        line = await dial(served.port)
        line.send(UPLOAD + ASK + CHUNKED + b"nonsense\r\n")
        head, _, refused = (await line.rest()).rpartition(b"HTTP/1.1 400")
        assert [part[:3] for part in head.split(b"HTTP/1.1 ")[1:]] == [b"202", b"200"]
        assert problem_of(b"HTTP/1.1 400" + refused)["code"] == "bad-request"
