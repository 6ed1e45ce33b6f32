"""Scaling down: what comes out, and what a hostile image can do to the process that does it."""

import asyncio
import io
import os
import signal
import struct
import zlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from prometheus_client import Counter

from sightline_contracts.media import InvalidImage
from sightline_gateway.pictures import scaler as limits
from sightline_gateway.pictures.frames import ANSWER_HEAD, THUMBNAIL
from sightline_gateway.pictures.scaler import NoThumbnail, NotScaled, Scaler
from sightline_gateway.pictures.thumbnail import make_thumbnail
from tests.unit.gateway.conftest import until

MIB = 1024 * 1024
PIXELS = 50_000_000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def thumbnail(data: bytes) -> Image.Image:
    """The thumbnail, decoded."""
    image = Image.open(io.BytesIO(make_thumbnail(data, PIXELS)))
    image.load()
    return image


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def flat_png(width: int, height: int, colour_type: int = 2) -> bytes:
    """A black PNG of any size in a few kB; `colour_type` 2 is RGB, 6 has transparency too."""
    row = bytes(1 + width * {2: 3, 6: 4}[colour_type])
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_type_is_scaled_and_keeps_its_colour(kind: str) -> None:
    small = thumbnail(encoded(Image.new("RGB", (900, 300), (200, 30, 40)), kind))
    assert (small.format, small.size, small.mode) == ("WEBP", (360, 120), "RGB")
    red, green, blue = small.getpixel((180, 60))  # type: ignore[misc]
    assert abs(red - 200) < 12
    assert abs(green - 30) < 12
    assert abs(blue - 40) < 12


@pytest.mark.parametrize(
    ("image", "kind", "mode"),
    [
        (Image.new("L", (500, 500), 128), "PNG", "RGB"),
        (Image.new("1", (500, 500), 1), "PNG", "RGB"),
        (Image.new("LA", (500, 500), (128, 60)), "PNG", "RGBA"),
        (Image.new("RGBA", (500, 500), (9, 9, 9, 60)), "PNG", "RGBA"),
        (Image.new("CMYK", (500, 500), (0, 200, 200, 20)), "JPEG", "RGB"),
        (Image.new("P", (500, 500), 3), "GIF", "RGB"),
    ],
    ids=["grey", "bits", "grey, transparent", "transparent", "CMYK", "palette"],
)
def test_every_mode_becomes_one_that_browsers_show(image: Image.Image, kind: str, mode: str) -> None:
    small = thumbnail(encoded(image, kind))
    assert (small.size, small.mode) == ((360, 360), mode)


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    grey = Image.new("I;16", (40, 30), 0x8000)
    red, green, blue = thumbnail(encoded(grey, "PNG")).getpixel((20, 15))  # type: ignore[misc]
    assert {abs(value - 128) < 4 for value in (red, green, blue)} == {True}


def test_it_stands_upright_and_has_lost_what_it_told_of_its_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "a camera's maker"
    photo = encoded(Image.new("RGB", (600, 300)), "JPEG", exif=exif, icc_profile=b"profile" * 100)
    small = thumbnail(photo)
    assert (small.size, dict(small.getexif()), small.info.get("icc_profile")) == ((180, 360), {}, None)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning", "ignore:Possibly corrupt EXIF data:UserWarning")
def test_damaged_metadata_does_no_harm() -> None:
    photo = encoded(Image.new("RGB", (600, 300)), "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 60)
    assert thumbnail(photo).size == (360, 180)


def test_small_and_long_images_stay_visible() -> None:
    assert thumbnail(encoded(Image.new("L", (28, 28)), "PNG")).size == (28, 28)
    assert thumbnail(encoded(Image.new("L", (5000, 3)), "PNG")).size == (360, 1)


def test_pixels_are_counted_before_any_is_decoded() -> None:
    with pytest.raises(InvalidImage, match="exceed the limit"):
        make_thumbnail(flat_png(500, 500), 300 * 300 - 1)


def test_a_gif_whose_frame_is_larger_than_its_header_says_is_refused() -> None:
    gif = bytearray(encoded(Image.new("P", (400, 400)), "GIF"))
    gif[6:10] = struct.pack("<HH", 1, 1)
    with pytest.raises(InvalidImage, match="400 x 400"):
        make_thumbnail(bytes(gif), 1000)


@pytest.fixture
async def scaler() -> AsyncIterator[Scaler]:
    """A scaler whose worker has 160 MiB."""
    made = Scaler(160 * MIB, PIXELS, Counter("starts", "Starts", registry=None))
    yield made
    await made.close()


def starts(scaler: Scaler) -> float:
    """How many workers there were."""
    return float(scaler._starts._value.get())


def pid_of(scaler: Scaler) -> int:
    """The worker's process id."""
    assert scaler._worker is not None
    return scaler._worker.pid


@pytest.mark.process
async def test_one_worker_makes_all_thumbnails(scaler: Scaler) -> None:
    photos = [encoded(Image.new("RGB", (size, size)), "JPEG") for size in (300, 400, 500)]
    made = await asyncio.gather(*(scaler.scale(photo) for photo in photos))
    assert [thumbnail[8:12] for thumbnail in made] == [b"WEBP"] * 3
    assert starts(scaler) == 1


@pytest.mark.process
async def test_the_worker_gives_up_what_it_does_not_need(scaler: Scaler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_KAFKA_PASSWORD", "secret")
    await scaler.scale(flat_png(10, 10))
    process = Path(f"/proc/{pid_of(scaler)}")
    assert b"SIGHTLINE" not in process.joinpath("environ").read_bytes()
    assert process.joinpath("oom_score_adj").read_text().strip() == "1000"
    assert os.getpriority(os.PRIO_PROCESS, pid_of(scaler)) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    bounds = {line[:25].strip(): line[26:].split()[0] for line in process.joinpath("limits").read_text().splitlines()}
    assert bounds["Max address space"] == str(160 * MIB)
    assert [bounds[f"Max {what}"] for what in ("file size", "core file size", "processes")] == ["0"] * 3


@pytest.mark.process
async def test_an_image_that_takes_too_much_memory_is_refused_and_the_next_one_is_not(scaler: Scaler) -> None:
    with pytest.raises(NoThumbnail, match="SIGHTLINE_GATEWAY_THUMBNAIL_WORKER_BYTES"):
        await scaler.scale(flat_png(6000, 6000, 6))
    assert (await scaler.scale(flat_png(600, 600)))[8:12] == b"WEBP"
    assert starts(scaler) == 1


@pytest.mark.process
async def test_a_large_jpeg_needs_little_memory(scaler: Scaler) -> None:
    """It is decoded at an eighth: whole it would take 192 MB."""
    photo = encoded(Image.new("RGB", (8000, 6000), "teal"), "JPEG")
    assert (await scaler.scale(photo))[8:12] == b"WEBP"


@pytest.mark.process
@pytest.mark.parametrize("damage", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(20) + b";"])
async def test_a_damaged_image_is_told_and_ends_nothing(scaler: Scaler, damage: bytes) -> None:
    with pytest.raises(NoThumbnail):
        await scaler.scale(damage)
    assert starts(scaler) == 1


@pytest.mark.process
async def test_a_worker_that_was_killed_is_replaced(scaler: Scaler) -> None:
    await scaler.scale(flat_png(10, 10))
    os.kill(pid_of(scaler), signal.SIGKILL)
    assert (await scaler.scale(flat_png(10, 10)))[8:12] == b"WEBP"
    assert starts(scaler) == 2


@pytest.mark.process
async def test_an_image_that_kills_its_worker_twice_is_given_up(scaler: Scaler) -> None:
    async def kill() -> None:
        for count in (1, 2):
            await until(lambda count=count: starts(scaler) == count)
            os.kill(pid_of(scaler), signal.SIGKILL)

    killing = asyncio.create_task(kill())
    with pytest.raises(NotScaled, match="has ended 2 times"):
        await scaler.scale(flat_png(6000, 5000))
    await killing
    assert (await scaler.scale(flat_png(10, 10)))[8:12] == b"WEBP"


@pytest.mark.process
async def test_a_worker_that_would_fill_the_gateway_is_ended(scaler: Scaler) -> None:
    """A decoder that was broken into can announce an answer of 4 GB; the gateway once read whatever came."""
    head = ANSWER_HEAD.pack(THUMBNAIL, 2**31)
    liar = f"import os, sys; os.write(1, {head!r}); sys.stdin.buffer.read()"
    scaler._command = ("-c", liar)  # type: ignore[assignment]
    with pytest.raises(NotScaled, match="has ended 2 times"):
        await scaler.scale(flat_png(10, 10))


@pytest.mark.process
async def test_a_stuck_worker_is_replaced(scaler: Scaler, monkeypatch: pytest.MonkeyPatch) -> None:
    await scaler.scale(flat_png(10, 10))
    stuck = pid_of(scaler)
    os.kill(stuck, signal.SIGSTOP)
    monkeypatch.setattr(limits, "DEADLINE_S", 0.3)
    with pytest.raises(NotScaled, match="longer than"):
        await scaler.scale(flat_png(10, 10))
    monkeypatch.undo()
    with pytest.raises(ProcessLookupError):
        os.kill(stuck, 0)
    assert (await scaler.scale(flat_png(10, 10)))[8:12] == b"WEBP"


@pytest.mark.process
async def test_a_worker_that_ends_as_its_time_is_over_is_no_fault(
    scaler: Scaler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine both came in one turn of the loop: there was nobody left to kill, which was raised."""
    wait = Process.wait

    async def late(worker: Process) -> int:
        monkeypatch.setattr(Process, "wait", wait)
        await worker.wait()
        raise TimeoutError

    await scaler.scale(flat_png(10, 10))
    monkeypatch.setattr(Process, "wait", late)
    await scaler.close()
    assert scaler._worker is None


@pytest.mark.process
async def test_who_gives_up_leaves_no_half_answer_to_the_next(scaler: Scaler) -> None:
    giving_up = asyncio.create_task(scaler.scale(flat_png(6000, 4000)))
    await until(lambda: starts(scaler) == 1)
    giving_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving_up
    with Image.open(io.BytesIO(await scaler.scale(flat_png(20, 10)))) as image:
        assert image.size == (20, 10)
