"""Bodies that are too large, too slow, broken off, or met by a stop: over raw sockets."""

import asyncio
import json
import logging
import tracemalloc
from typing import Any

import pytest
from fastapi import Request

from sightline_common.publisher import HANDED_OVER_BYTES, Ack
from sightline_contracts.images import ImageRecord
from sightline_gateway.body import Bodies, BodyTooLarge
from sightline_gateway.settings import MIB, GatewaySettings
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.process import image_bytes

PNG = image_bytes("PNG")
LIMIT = 300_000
SMALL: dict[str, Any] = {
    "max_image_bytes": LIMIT,
    "gateway_in_flight_bytes": 4 * LIMIT,
    "gateway_max_upload_bytes": LIMIT,
}


async def connect(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the gateway."""
    return await asyncio.open_connection("127.0.0.1", served.port)


def head(**headers: object) -> bytes:
    """The head of an upload request."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST /v1/images HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and JSON body of an answer."""
    async with asyncio.timeout(10):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1]), headers, json.loads(body)


async def test_a_declared_size_above_the_limit_is_refused_before_any_byte(serve: Serve) -> None:
    async with serve(**SMALL) as served:
        reader, writer = await connect(served)
        writer.write(head(Content_Length=LIMIT + 1))
        status, headers, body = await read_answer(reader)
        assert (status, body["code"]) == (413, "too-large")
        assert str(LIMIT) in body["detail"]
        assert headers["connection"] == "close"
        writer.close()


async def test_expect_100_continue_is_answered_with_the_refusal(serve: Serve) -> None:
    async with serve(**SMALL) as served:
        reader, writer = await connect(served)
        writer.write(head(Content_Length=LIMIT + 1, Expect="100-continue"))
        status, _, body = await read_answer(reader)
        assert (status, body["code"]) == (413, "too-large")
        writer.close()


async def test_an_image_at_the_limit_is_accepted(serve: Serve) -> None:
    async with serve(**SMALL) as served:
        answer = await served.client.post("/v1/images", content=PNG + bytes(LIMIT - len(PNG)))
        assert answer.status_code == 202  # what follows a PNG's end chunk is none of our business
        assert len(served.publisher.records[0].payload) == LIMIT


async def test_a_chunked_body_above_the_limit_is_cut_off(serve: Serve) -> None:
    """The sender has not ended its body when it is refused, and can read the answer all the same."""
    async with serve(**SMALL) as served:
        reader, writer = await connect(served)
        writer.write(head(Transfer_Encoding="chunked"))
        for _ in range(LIMIT // 1000 + 65):
            writer.write(b"3e8\r\n" + bytes(1000) + b"\r\n")
        status, _, body = await read_answer(reader)
        assert (status, body["code"]) == (413, "too-large")
        assert served.metrics.in_flight_bytes._value.get() == 0
        writer.close()


async def test_no_more_than_the_limit_and_64_kb_is_read_of_a_body() -> None:
    """What is read is bounded whatever the sender does: one piece of the server's is at most 64 kB."""
    piece = 64 * 1024
    arrived = 0

    async def receive() -> dict[str, Any]:
        nonlocal arrived
        arrived += piece
        return {"type": "http.request", "body": bytes(piece), "more_body": True}

    kept: list[bytes] = []
    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(BodyTooLarge):
        await Bodies(GatewaySettings()).read(request, LIMIT, kept.append)
    assert arrived <= LIMIT + piece
    assert sum(map(len, kept)) <= LIMIT


async def test_a_sender_that_does_not_read_until_it_has_sent_all_still_gets_the_answer(serve: Serve) -> None:
    async with serve(**SMALL) as served:
        reader, writer = await connect(served)
        writer.write(head(Content_Length=20 * LIMIT))
        for _ in range(20):
            writer.write(bytes(LIMIT))
            await writer.drain()
        status, _, body = await read_answer(reader)
        assert (status, body["code"]) == (413, "too-large")
        writer.close()


async def test_a_slow_body_is_ended_with_408(serve: Serve) -> None:
    async with serve(gateway_body_grace_s=0.3, gateway_min_body_rate=1_000_000) as served:
        reader, writer = await connect(served)
        writer.write(head(Content_Length=len(PNG)) + PNG[:10])
        status, headers, body = await read_answer(reader)
        assert (status, body["code"]) == (408, "timeout")
        assert headers["connection"] == "close"
        assert served.publisher.records == []
        assert served.metrics.in_flight_bytes._value.get() == 0
        writer.close()


async def test_a_body_that_keeps_the_least_rate_may_take_longer_than_the_grace(serve: Serve) -> None:
    data = image_bytes(size=(200, 200), noise=True)
    async with serve(gateway_body_grace_s=0.2, gateway_min_body_rate=len(data) // 10) as served:
        reader, writer = await connect(served)
        writer.write(head(Content_Length=len(data)) + data[:-1])
        answering = asyncio.create_task(read_answer(reader))
        done, _ = await asyncio.wait({answering}, timeout=0.6)
        assert not done
        writer.write(data[-1:])
        status, _, _ = await answering
        assert status == 202
        writer.close()


@pytest.mark.parametrize(
    ("budget", "connections", "image", "bodies"),
    [
        (256 * MIB, 800, 4 * MIB, 256 * MIB - 800 * 48 * 1024 - HANDED_OVER_BYTES),
        (256 * MIB, 400, 4 * MIB, 256 * MIB - 400 * 48 * 1024 - HANDED_OVER_BYTES),
        (256 * MIB, 400, 20 * MIB, 256 * MIB - 400 * 48 * 1024 - 20 * MIB),
        (40 * MIB, 800, 10 * MIB, 30 * MIB),
        (10 * MIB, 800, 10 * MIB, 10 * MIB),
    ],
    ids=["small images", "fewer connections", "large images", "at most a quarter", "room for one image always"],
)
def test_what_is_held_beside_bodies_is_in_the_budget(budget: int, connections: int, image: int, bodies: int) -> None:
    """A thousand that upload at once took 48 MB beside it, and Kafka's client a second copy of what it had."""
    settings = GatewaySettings(
        gateway_in_flight_bytes=budget, gateway_max_connections=connections, max_image_bytes=image
    )
    assert settings.body_bytes == bodies


async def test_a_sender_that_leaves_costs_one_debug_line(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, writer = await connect(served)
    writer.write(head(Content_Length=1000) + bytes(500))
    await until(lambda: served.metrics.in_flight_bytes._value.get() == 500)
    writer.close()
    await until(lambda: served.metrics.in_flight_bytes._value.get() == 0)
    await until(lambda: served.metrics.disconnects._value.get() == 1)
    ours = [record for record in caplog.records if record.name.startswith(("sightline", "uvicorn"))]
    assert [record.levelname for record in ours if "left" in record.message] == ["DEBUG"]
    assert not [record for record in ours if record.levelno > logging.INFO]
    assert served.publisher.records == []


async def test_a_stop_ends_open_bodies_with_503_and_refuses_new_ones(served: Served) -> None:
    reader, writer = await connect(served)
    writer.write(head(Content_Length=1000) + bytes(10))
    await until(lambda: served.metrics.in_flight_bytes._value.get() == 10)
    await asyncio.wait_for(served.gateway.bodies.stop(0.2), 5)
    status, headers, body = await read_answer(reader)
    assert (status, body["code"]) == (503, "stopping")
    assert int(headers["retry-after"]) > 0
    writer.close()
    assert (await served.client.post("/v1/images", content=PNG)).json()["code"] == "stopping"


async def test_a_stop_lets_a_body_finish_that_arrives_in_time(served: Served) -> None:
    reader, writer = await connect(served)
    writer.write(head(Content_Length=len(PNG)) + PNG[:10])
    await until(lambda: served.metrics.in_flight_bytes._value.get() == 10)
    stopping = asyncio.create_task(served.gateway.bodies.stop(10))
    await until(lambda: served.gateway.bodies.stopping)
    writer.write(PNG[10:])
    status, _, _ = await read_answer(reader)
    assert status == 202
    await asyncio.wait_for(stopping, 5)
    writer.close()


def as_form(image: bytes) -> tuple[bytes, str]:
    """The image as the only file of a form, and the form's type."""
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.bmp"\r\n\r\n'
    return part + image + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


@pytest.mark.parametrize("form", [False, True], ids=["raw", "form"])
async def test_an_image_that_kafka_has_takes_no_memory_while_its_sender_waits(
    served: Served, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    """The budget counts it no longer: 400 senders of 10 MB who waited for their results were 4 GB beside it."""
    accepted: list[str] = []

    async def forget(record: ImageRecord) -> Ack:
        accepted.append(record.id)
        return Ack(0, len(accepted))

    monkeypatch.setattr(served.publisher, "publish", forget)
    image = image_bytes("BMP", (1500, 1000))
    body, kind = as_form(image) if form else (image, "image/bmp")
    whole = head(Content_Length=len(body), Content_Type=kind, Prefer="wait=30") + body
    _, writer = await connect(served)
    tracemalloc.start()
    try:
        writer.write(whole)
        await writer.drain()
        await until(lambda: accepted)
        await until(lambda: tracemalloc.get_traced_memory()[0] < len(image) / 2, 5)
    finally:
        tracemalloc.stop()
        writer.close()
