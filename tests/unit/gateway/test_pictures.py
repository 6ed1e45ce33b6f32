"""Thumbnails and originals over HTTP, the images from a stand-in for Kafka, the thumbnails from the real worker."""

import asyncio
import io
import logging
import os
import signal
import socket
import struct
import weakref
from dataclasses import replace

import httpx
import pytest
from PIL import Image

from sightline_common.errors import Unavailable
from sightline_contracts.ids import new_image_id
from sightline_contracts.origins import Origin
from sightline_contracts.results import ErrorInfo
from sightline_gateway.pictures import pictures as limits
from sightline_gateway.pictures import scaler
from sightline_gateway.pictures.cache import Cache, Refusal
from sightline_gateway.pictures.source import ImageGone, StoredImage
from sightline_gateway.view.store import Arrival
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_results import results
from tests.unit.gateway.test_thumbnails import chunk

PHOTO = image_bytes("JPEG", (640, 427), noise=True)
pytestmark = pytest.mark.process


class Watched(StoredImage):
    """An image of which it can be seen when it is let go: without slots, it takes weak references."""


async def classified(served: Served, data: bytes, name: str = "a.jpg", error: ErrorInfo | None = None) -> str:
    """Upload an image and give it its result; returns its id."""
    sent = await served.client.post("/v1/images", content=data, headers={b"X-Image-Name": name.encode()})
    record = served.publisher.records[-1]
    assert sent.json()["id"] == record.id
    served.topic.append([make_result(record, version=None if error else "1", error=error)])
    return record.id


async def get(served: Served, image_id: str, what: str, **headers: str) -> httpx.Response:
    """GET one of an image's pictures."""
    return await served.client.get(f"/v1/images/{image_id}/{what}", headers=headers)


async def narrow_reader(served: Served, image_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to which an original is on its way; it takes no more than is read from it."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # or the kernel takes the whole image
    narrow.connect(("127.0.0.1", served.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
    writer.write(f"GET /v1/images/{image_id}/original HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (await reader.readline()).endswith(b"200 OK\r\n")
    return reader, writer


async def test_a_thumbnail_is_small_and_made_once(served: Served) -> None:
    image_id = await classified(served, PHOTO)
    first = await get(served, image_id, "thumbnail")
    assert (first.status_code, first.headers["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(first.content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (360, 240))
    again = await get(served, image_id, "thumbnail")
    assert (again.content, served.images.reads) == (first.content, 1)
    assert [served.metrics.thumbnails.labels(each)._value.get() for each in ("made", "cached")] == [1, 1]


@pytest.mark.parametrize(
    ("kind", "extension"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", ".gif"), ("BMP", ".bmp")]
)
async def test_an_image_without_a_name_is_saved_under_its_id_and_type(
    served: Served, kind: str, extension: str
) -> None:
    image_id = (await served.client.post("/v1/images", content=image_bytes(kind))).json()["id"]
    original = await get(served, image_id, "original")
    assert f'filename="{image_id}{extension}"' in original.headers["Content-Disposition"]


async def test_a_browser_keeps_it_and_a_proxy_does_not(served: Served) -> None:
    image_id = await classified(served, PHOTO)
    for what in ("thumbnail", "original"):
        first = await get(served, image_id, what)
        assert first.headers["Cache-Control"] == "private, max-age=604800, immutable"
        reads = served.images.reads
        for known in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}'):
            again = await get(served, image_id, what, **{"If-None-Match": known})
            assert (again.status_code, again.content, served.images.reads) == (304, b"", reads)
            assert again.headers["ETag"] == first.headers["ETag"]
        assert (await get(served, image_id, what, **{"If-None-Match": '"other"'})).status_code == 200


async def test_many_who_ask_at_once_cost_one_read(served: Served) -> None:
    image_id = await classified(served, PHOTO)
    answers = await asyncio.gather(*(get(served, image_id, "thumbnail") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert served.images.reads == 1


async def test_an_original_is_saved_as_it_was_sent(served: Served) -> None:
    image_id = await classified(served, PHOTO, 'ferien/größe "1".jpg')
    original = await get(served, image_id, "original")
    assert (original.status_code, original.content) == (200, PHOTO)
    assert original.headers["Content-Type"] == "image/jpeg"
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert original.headers["Content-Disposition"] == (
        "attachment; filename=\"gr__e _1_.jpg\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.jpg"
    )


async def test_a_failed_image_has_its_original_and_says_why_it_has_no_thumbnail(served: Served) -> None:
    """What came over TCP is not looked at before the classifier has it."""
    image_id = await classified(served, PHOTO, error=ErrorInfo("truncated", "cut off"))
    served.publisher.records[-1] = replace(served.publisher.records[-1], payload=PHOTO[:2000], name=None)
    assert (await get(served, image_id, "original")).content == PHOTO[:2000]
    for _ in range(2):
        refused = await get(served, image_id, "thumbnail")
        assert (refused.status_code, refused.json()["code"]) == (404, "no-thumbnail")
        assert "no end marker" in refused.json()["detail"]
    assert served.images.reads == 2  # of the original, and once for the thumbnail: it is known that there is none


async def test_what_a_decoder_says_is_for_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The answer said `OSError`: people took it for a fault of the gateway."""
    pixels = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    broken = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", pixels) + chunk(b"IDAT", b"not deflated") + chunk(b"IEND", b"")
    image_id = (await served.client.post("/v1/images", content=broken)).json()["id"]
    with caplog.at_level(logging.DEBUG, "sightline_gateway"):
        refused = (await get(served, image_id, "thumbnail")).json()
    assert refused["code"] == "no-thumbnail"
    assert refused["detail"].endswith("it cannot be decoded: its data is damaged, or of a kind that we do not read")
    (said,) = [vars(record)["cause"] for record in caplog.records if record.msg.startswith("no thumbnail")]
    assert "Error" in said


async def test_knowing_that_there_is_no_thumbnail_does_not_hold_the_image(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache once kept the raised error, whose frames held the whole image, and counted 512 bytes for it."""
    image_id = await classified(served, PHOTO, error=ErrorInfo("truncated", "cut off"))
    served.publisher.records[-1] = replace(served.publisher.records[-1], payload=PHOTO[:2000])
    read = served.images.read
    given: list[weakref.ref[Watched]] = []

    async def watched(image_id: str, origin: Origin) -> StoredImage:
        image = await read(image_id, origin)
        held = Watched(image.data, image.content_type, image.name)
        given.append(weakref.ref(held))
        return held

    monkeypatch.setattr(served.images, "read", watched)
    assert (await get(served, image_id, "thumbnail")).json()["code"] == "no-thumbnail"
    assert served.gateway.pictures._cache.get(image_id) is not None
    await until(lambda: [image() for image in given] == [None])


async def test_a_worker_that_was_stuck_is_no_fault_of_the_image(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that stood still for 10 s once left the image without a thumbnail for as long as the cache had room."""
    first, second = [await classified(served, PHOTO) for _ in range(2)]
    assert (await get(served, first, "thumbnail")).status_code == 200
    worker = served.gateway.pictures._scaler._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGSTOP)
    monkeypatch.setattr(scaler, "DEADLINE_S", 0.3)
    late = await get(served, second, "thumbnail")
    assert (late.status_code, late.json()["code"], late.headers["Retry-After"]) == (503, "overloaded", "2")
    monkeypatch.undo()
    assert (await get(served, second, "thumbnail")).status_code == 200


@pytest.mark.parametrize("what", ["thumbnail", "original"])
async def test_what_cannot_be_shown_says_why(served: Served, what: str) -> None:
    (old,) = results(1)
    served.view.apply([Arrival(1, 0, old)], {1: 1})  # a classifier that did not say where the image is
    assert (await get(served, old.id, what)).json()["code"] == "not-found"
    assert "does not say where" in (await get(served, old.id, what)).json()["detail"]
    elsewhere = await get(served, new_image_id(), what)
    assert (elsewhere.status_code, elsewhere.headers["Retry-After"]) == (404, "1")
    assert "only the gateway that took it can show it" in elsewhere.json()["detail"]
    image_id = await classified(served, PHOTO)
    served.images.failure = ImageGone()
    gone = await get(served, image_id, what)
    assert (gone.status_code, gone.json()["code"], gone.headers["Cache-Control"]) == (410, "image-gone", "no-store")
    served.images.failure = Unavailable("no broker")
    away = await get(served, image_id, what)
    assert (away.status_code, away.json()["code"], away.headers["Retry-After"]) == (503, "kafka-unavailable", "2")
    served.images.failure = None
    assert (await get(served, image_id, what)).status_code == 200  # what failed is not remembered


async def test_what_cannot_be_made_in_time_is_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound nobody waits, and those who wait do not wait for ever; what they asked for is made."""
    monkeypatch.setattr(limits, "_WAITING", 2)
    monkeypatch.setattr(limits, "_PATIENCE_S", 0.2)
    ids = [await classified(served, PHOTO) for _ in range(3)]
    pictures, held = served.gateway.pictures, asyncio.Event()
    read = served.images.read

    async def slow(image_id: str, origin: object) -> object:
        await held.wait()
        return await read(image_id, origin)  # type: ignore[arg-type]

    monkeypatch.setattr(served.images, "read", slow)
    late = await asyncio.gather(*(get(served, image_id, "thumbnail") for image_id in ids))
    assert [(answer.status_code, answer.json()["code"]) for answer in late] == [(503, "overloaded")] * 3
    assert len(pictures._making) == 2
    held.set()
    await until(lambda: not pictures._making)
    assert [pictures._cache.get(image_id) is not None for image_id in ids].count(True) == 2


async def test_downloads_are_bounded_and_readers_that_leave_give_their_place_back(served: Served) -> None:
    image_id = await classified(served, image_bytes("BMP", (1600, 1700), noise=True))
    pictures = served.gateway.pictures
    sockets = [(await narrow_reader(served, image_id))[1] for _ in range(4)]
    refused = await get(served, image_id, "original")
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    for writer in sockets:
        writer.transport.abort()
    await until(lambda: pictures._downloads == 0)
    assert (await get(served, image_id, "original")).status_code == 200


async def drip(reader: asyncio.StreamReader) -> None:
    """Read slowly but steadily for 20 s at most."""
    async with asyncio.timeout(20):
        while await reader.read(8192):
            await asyncio.sleep(0.005)


async def test_a_reader_that_only_drips_gives_its_place_back(serve: Serve) -> None:
    """Each chunk came in time, and so four readers kept everybody else from the originals for as long as they liked."""
    async with serve(gateway_body_timeout_s=0.5) as served:
        image_id = await classified(served, image_bytes("BMP", (1600, 1700), noise=True))
        reader, writer = await narrow_reader(served, image_id)
        with pytest.raises(ConnectionResetError):
            await drip(reader)
        await until(lambda: served.gateway.pictures._downloads == 0)
        writer.close()


async def test_who_asks_while_the_gateway_stops_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = await classified(served, PHOTO)
    pictures, asked = served.gateway.pictures, asyncio.Event()

    async def never(image_id: str, origin: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(served.images, "read", never)
    waiting = asyncio.create_task(get(served, image_id, "thumbnail"))
    await asked.wait()
    await pictures.close()
    for answer in (await waiting, await get(served, image_id, "thumbnail"), await get(served, image_id, "original")):
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")


async def test_without_room_in_the_cache_each_thumbnail_is_made_anew(serve: Serve) -> None:
    async with serve(gateway_thumbnail_cache_bytes=1) as served:
        image_id = await classified(served, PHOTO)
        for _ in range(2):
            assert (await get(served, image_id, "thumbnail")).status_code == 200
        assert (served.images.reads, served.gateway.pictures._cache.used) == (2, 0)


def test_the_cache_holds_its_bound_and_what_was_last_used() -> None:
    cache = Cache(10_100)
    for number in range(4):
        cache.put(str(number), bytes(2000))
    assert cache.get("0") is not None
    cache.put("4", bytes(2000))
    assert [cache.get(str(number)) is not None for number in range(5)] == [True, False, True, True, True]
    assert cache.used == 4 * 2512
    cache.put("0", Refusal("broken"))
    assert cache.used == 3 * 2512 + 512
    cache.put("5", bytes(20_000))
    assert (cache.get("5"), cache.used) == (None, 0)
