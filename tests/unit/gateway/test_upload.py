"""One image as the raw body: what is accepted, what is refused and how."""

import asyncio
import logging
import struct
import zlib
from typing import Any

import pytest

from sightline_common.errors import DeliveryUnknown, RecordTooLarge, Unavailable
from sightline_common.publisher import Ack
from sightline_contracts.ids import is_issued
from sightline_contracts.images import ImageRecord
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes

PNG = image_bytes("PNG")
JPEG = image_bytes("JPEG")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def png_of_size(width: int, height: int) -> bytes:
    """A PNG with valid checksums that claims a size it has no pixels for: a decompression bomb."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


async def post(served: Served, data: bytes, path: str = "/v1/images", **headers: str) -> Any:
    """POST the raw body."""
    return await served.client.post(path, content=data, headers=headers)


async def test_an_accepted_image_is_answered_with_its_place(served: Served) -> None:
    answer = await post(served, PNG, "/v1/images?model=digits-lenet&stream=cam", **{"X-Image-Name": "a.png"})
    assert answer.status_code == 202
    image_id = answer.json()["id"]
    assert is_issued(image_id)
    assert answer.json() == {"id": image_id, "status": "pending", "name": "a.png"}
    assert answer.headers["Location"] == f"/v1/images/{image_id}"
    assert answer.headers["Retry-After"] == "1"
    (record,) = served.publisher.records
    assert (record.id, record.payload, record.content_type) == (image_id, PNG, "image/png")
    assert (record.model, record.stream, record.name, record.source) == ("digits-lenet", "cam", "a.png", "http")
    assert served.outcomes("accepted") == 1


async def test_nothing_is_answered_before_the_broker_acknowledged(served: Served) -> None:
    served.publisher.gate.clear()
    sending = asyncio.create_task(post(served, PNG))
    await until(lambda: served.metrics.in_flight_bytes._value.get() == len(PNG))
    done, _ = await asyncio.wait({sending}, timeout=0.2)
    assert not done
    served.publisher.gate.set()
    assert (await sending).status_code == 202
    assert served.metrics.in_flight_bytes._value.get() == 0


@pytest.mark.parametrize(
    ("data", "declared", "content_type"),
    [
        (PNG, "image/png", "image/png"),
        (PNG, "IMAGE/PNG; q=1", "image/png"),
        (PNG, "application/octet-stream", "image/png"),
        (PNG, None, "image/png"),
        (PNG, "application/x-www-form-urlencoded", "image/png"),
        (JPEG, "image/jpg", "image/jpeg"),
        (image_bytes("WEBP"), "image/webp", "image/webp"),
        (image_bytes("BMP"), "image/bmp", "image/bmp"),
        (image_bytes("GIF"), "image/gif", "image/gif"),
    ],
)
async def test_the_type_on_the_topic_is_that_of_the_bytes(
    served: Served, data: bytes, declared: str | None, content_type: str
) -> None:
    answer = await post(served, data, **({"Content-Type": declared} if declared else {}))
    assert answer.status_code == 202
    assert served.publisher.records[0].content_type == content_type


@pytest.mark.parametrize(
    ("data", "declared", "status", "code"),
    [
        pytest.param(b"", "image/png", 422, "empty", id="empty"),
        pytest.param(b"hello, world", "image/png", 415, "unsupported-type", id="no image"),
        pytest.param(b"PK\x03\x04" + bytes(100), "application/zip", 415, "unsupported-type", id="ZIP"),
        pytest.param(PNG, "image/jpeg", 415, "unsupported-type", id="header and bytes differ"),
        pytest.param(PNG, "text/plain", 415, "unsupported-type", id="header is no image type"),
        pytest.param(JPEG[:-2], "image/jpeg", 422, "truncated", id="JPEG without its end marker"),
        pytest.param(JPEG[: len(JPEG) // 2], "image/jpeg", 422, "truncated", id="half a JPEG"),
        pytest.param(PNG[:-12], "image/png", 422, "truncated", id="PNG without its end chunk"),
        pytest.param(PNG[:-4], "image/png", 422, "truncated", id="PNG without its last checksum"),
        pytest.param(PNG[:50] + bytes([PNG[50] ^ 1]) + PNG[51:], "image/png", 422, "corrupt", id="PNG checksum"),
        pytest.param(png_of_size(20_000, 20_000), "image/png", 422, "too-many-pixels", id="bomb"),
    ],
)
async def test_a_bad_image_is_refused_and_nothing_is_published(
    served: Served, data: bytes, declared: str, status: int, code: str
) -> None:
    answer = await post(served, data, **{"Content-Type": declared})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{code}"
    assert answer.json()["instance"] == "/v1/images"
    assert served.publisher.records == []
    assert served.outcomes(code) == 1
    assert served.metrics.in_flight_bytes._value.get() == 0


@pytest.mark.parametrize(
    ("path", "headers", "parameter"),
    [
        ("/v1/images?model=../../etc/passwd", {}, "model"),
        ("/v1/images?model=", {}, "model"),
        ("/v1/images?stream=" + "x" * 256, {}, "stream"),
        ("/v1/images?stream=a%00b", {}, "stream"),
        ("/v1/images?modle=digits-lenet", {}, "modle"),
        ("/v1/images", {"X-Image-Name": "x" * 300}, "x-image-name"),
        ("/v1/images", {"X-Image-Name": "a\tb"}, "x-image-name"),
        ("/v1/images", {"X-Image-Name": b"\xff\xfe"}, "x-image-name"),
        ("/v1/images", {"Idempotency-Key": "k" * 256}, "idempotency-key"),
        ("/v1/images", {"Idempotency-Key": "schl\u00fcssel".encode()}, "idempotency-key"),
    ],
)
async def test_a_bad_parameter_is_named(served: Served, path: str, headers: dict[str, Any], parameter: str) -> None:
    encoded = {k.encode(): v if isinstance(v, bytes) else v.encode() for k, v in headers.items()}
    answer = await served.client.post(path, content=PNG, headers=encoded)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert answer.json()["parameter"] == parameter
    assert parameter in answer.json()["detail"]
    assert not any(word in answer.json()["detail"] for word in ("Value error", "pattern", "String"))
    assert served.publisher.records == []


async def test_a_name_in_utf_8_arrives_as_it_was_sent(served: Served) -> None:
    answer = await served.client.post("/v1/images", content=PNG, headers={b"X-Image-Name": "größe 写真.png".encode()})
    assert answer.json()["name"] == "größe 写真.png"
    assert served.publisher.records[0].name == "größe 写真.png"


@pytest.mark.parametrize(
    ("given", "kept"), [(TRACE, TRACE), ("00-0000-11-01", None), (TRACE.replace("00-", "ff-"), None)]
)
async def test_only_a_well_formed_trace_context_is_passed_on(served: Served, given: str, kept: str | None) -> None:
    assert (await post(served, PNG, traceparent=given)).status_code == 202
    assert served.publisher.records[0].traceparent == kept


async def test_at_debug_level_each_image_has_a_line_with_its_ids(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "sightline_gateway"):
        image_id = (await post(served, PNG, traceparent=TRACE)).json()["id"]
        await post(served, b"no image", traceparent=TRACE)
    accepted, refused = (vars(line) for line in caplog.records if line.name.startswith("sightline_gateway"))
    assert (accepted["message"], accepted["image_id"], accepted["trace_id"]) == ("accepted", image_id, TRACE[3:35])
    assert (refused["code"], refused["trace_id"]) == ("unsupported-type", TRACE[3:35])


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Unavailable("no broker"), 503, "kafka-unavailable"),
        (DeliveryUnknown("no answer"), 503, "delivery-unknown"),
        (RecordTooLarge("too large"), 413, "too-large"),
    ],
)
async def test_what_kafka_does_not_take_is_a_problem(
    served: Served, failure: Exception, status: int, code: str
) -> None:
    served.publisher.failure = failure
    answer = await post(served, PNG)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert (await post(served, PNG, **{"Idempotency-Key": "k"})).status_code == status
    served.publisher.failure = None
    assert (await post(served, PNG, **{"Idempotency-Key": "k"})).status_code == 202


async def test_more_in_flight_than_the_budget_is_refused_until_there_is_room(serve: Serve) -> None:
    data = image_bytes(size=(200, 200), noise=True)
    async with serve(
        max_image_bytes=200_000, gateway_in_flight_bytes=200_000, gateway_max_upload_bytes=200_000
    ) as served:
        served.publisher.gate.clear()
        first = asyncio.create_task(post(served, data))
        await until(lambda: served.metrics.in_flight_bytes._value.get() == len(data))
        second = await post(served, data)
        assert (second.status_code, second.json()["code"]) == (503, "overloaded")
        assert "Retry-After" in second.headers
        served.publisher.gate.set()
        assert (await first).status_code == 202
        assert (await post(served, data)).status_code == 202


async def test_waiting_answers_with_the_result(served: Served) -> None:
    sending = asyncio.create_task(post(served, PNG, Prefer="respond-async, wait=10"))
    (record,) = await until(lambda: served.publisher.records)
    result = make_result(record)
    served.topic.append([result])
    answer = await sending
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert (answer.json()["id"], answer.json()["status"]) == (record.id, "classified")


async def test_who_does_not_wait_gets_202_even_if_the_result_is_first(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def acknowledged_late(record: ImageRecord) -> Ack:
        served.topic.append([make_result(record)])
        await until(lambda: served.store.find(record.id))
        return Ack(0, 0)

    monkeypatch.setattr(served.publisher, "publish", acknowledged_late)
    assert (await post(served, PNG)).status_code == 202


async def test_waiting_in_vain_answers_pending(served: Served) -> None:
    answer = await post(served, PNG, Prefer="wait=1")
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    assert answer.headers["Location"]


async def test_waiting_gives_its_memory_back_as_soon_as_kafka_has_the_image(served: Served) -> None:
    sending = asyncio.create_task(post(served, PNG, Prefer="wait=20"))
    await until(lambda: served.publisher.records)
    await until(lambda: served.metrics.in_flight_bytes._value.get() == 0)
    assert not sending.done()
    served.view.release()
    assert (await sending).status_code == 202


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [("respond-async", "respond-async"), ("wait=0, Respond-Async", "respond-async"), ("handling=strict", None)],
)
async def test_an_answer_before_the_result_says_that_it_was_preferred(
    served: Served, prefer: str, applied: str | None
) -> None:
    answer = await post(served, PNG, Prefer=prefer)
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (202, applied)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"PK\x03\x04", "ZIP"),
        (b"PK\x05\x06", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (bytes(257) + b"ustar\x0000", "tar"),
    ],
)
async def test_an_archive_is_refused_with_what_to_do_instead(served: Served, head: bytes, name: str) -> None:
    answer = await post(served, head + bytes(300))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-type")
    assert answer.json()["detail"].startswith(f"a {name} archive: unpack it")
