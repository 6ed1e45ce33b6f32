"""Bad input gets a clear answer, loses nothing else and stops nothing."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sightline_contracts.dead_letters import decode_dead_letter
from sightline_contracts.topics import DEAD_LETTERS, DEFAULT_MAX_IMAGE_BYTES, IMAGES
from sightline_local.samples import Sample, digit, gray_png, photo
from tests.e2e.system import System, eventually, post
from tests.e2e.test_images import named, result_by_name

pytestmark = pytest.mark.e2e


def truncated_jpeg() -> Sample:
    """A photo whose second half never arrived."""
    whole = photo("flower.jpg")
    return Sample(whole.name, whole.content_type, whole.data[: len(whole.data) // 2])


def huge_png() -> Sample:
    """A PNG of a few bytes whose header says 20,000 x 20,000 pixels."""
    small = bytearray(gray_png(bytes(4), 2))
    small[16:24] = struct.pack(">II", 20_000, 20_000)
    return Sample("huge.png", "image/png", bytes(small))


def dead_letter_of(system: System, image_id: str) -> Any:
    """The dead letter with the image's id, once it is there."""

    def find() -> Any:
        return next((record for record in system.records(DEAD_LETTERS) if record.key == image_id.encode()), None)

    return eventually(find, 30, f"a dead letter for {image_id}")


@pytest.mark.parametrize(
    ("sample", "status", "code"),
    [
        (truncated_jpeg(), 422, "truncated"),
        (Sample("empty.png", "image/png", b""), 422, "empty"),
        (Sample("notes.txt", "text/plain", b"no picture at all"), 415, "unsupported-type"),
    ],
    ids=["truncated", "empty", "text"],
)
def test_http_refuses_it(http: httpx.Client, sample: Sample, status: int, code: str) -> None:
    answer = post(http, sample)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_http_refuses_too_many_pixels(http: httpx.Client) -> None:
    assert post(http, huge_png()).status_code == 422


def test_a_truncated_jpeg_over_tcp_fails_and_is_kept(system: System, http: httpx.Client) -> None:
    sample = named(truncated_jpeg())
    system.send_frames(sample)
    result = result_by_name(http, sample.name)
    assert (result["status"], result["error"]["code"]) == ("failed", "truncated")
    assert result["predictions"] == []

    record = dead_letter_of(system, result["id"])
    letter = decode_dead_letter(record.headers)
    assert (letter.error_code, letter.origin_topic) == ("truncated", IMAGES)
    assert record.value == sample.data
    assert ("name", sample.name.encode()) in letter.headers


def test_an_unknown_model_fails_the_image(system: System, http: httpx.Client) -> None:
    answer = post(http, digit(1), wait_s=30, model="nope")
    assert answer.status_code == 200
    result = answer.json()
    assert result["status"] == "failed"
    assert result["error"]["code"] == "unknown-model"
    assert result["model"] == {"name": "nope", "version": None}
    assert decode_dead_letter(dead_letter_of(system, result["id"]).headers).error_code == "unknown-model"


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_an_over_size_body_is_refused(http: httpx.Client, chunked: bool) -> None:
    size = DEFAULT_MAX_IMAGE_BYTES + 1
    png = digit(0).data

    def pieces() -> Iterator[bytes]:
        yield png
        for _ in range(size // 65536 + 1):
            yield bytes(65536)

    body = pieces() if chunked else png + bytes(size - len(png))
    answer = http.post("/v1/images", content=body, headers={"Content-Type": "image/png"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


def test_a_frame_cut_off_is_not_produced(system: System, http: httpx.Client) -> None:
    """Half a picture is no picture: the sender will send the frame again, and only a whole one counts."""
    metric = 'sightline_bridge_frames_total{result="truncated-frame",source="default"}'
    before = system.bridge_metric(metric)
    data = digit(5).data
    with socket.create_connection(("127.0.0.1", system.port("BRIDGE_PORT"))) as sender:
        sender.sendall(b"cut-off.png".ljust(28) + struct.pack(">i", len(data)) + data[:-1])
    eventually(lambda: system.bridge_metric(metric) == before + 1, 20, "the cut-off frame to be counted")

    marker = named(digit(5))
    system.send_frames(marker)
    result_by_name(http, marker.name)
    assert b"cut-off.png" not in {dict(record.headers).get("name") for record in system.records(IMAGES)}


def test_a_bad_frame_header_closes_the_connection(system: System, http: httpx.Client) -> None:
    metric = 'sightline_bridge_frames_total{result="bad-length",source="default"}'
    before = system.bridge_metric(metric)
    with socket.create_connection(("127.0.0.1", system.port("BRIDGE_PORT")), timeout=20) as sender:
        sender.sendall(b"negative.png".ljust(28) + struct.pack(">i", -1))
        assert closed_by_peer(sender)
    eventually(lambda: system.bridge_metric(metric) == before + 1, 20, "the bad frame to be counted")

    marker = named(digit(6))
    system.send_frames(marker)
    assert result_by_name(http, marker.name)["status"] == "classified"


def closed_by_peer(connection: socket.socket) -> bool:
    """Whether the other side closes, cleanly or with a reset, before the socket's timeout."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_good_images_pass_between_bad_ones(system: System, http: httpx.Client) -> None:
    """One connection, bad and good frames in turn: every good one is classified, and in order."""
    good = [named(digit(index)) for index in range(4)]
    bad = [named(truncated_jpeg()) for _ in range(4)]
    system.send_frames(*(sample for pair in zip(bad, good, strict=True) for sample in pair))
    assert [result_by_name(http, sample.name)["status"] for sample in good] == ["classified"] * 4
    assert [result_by_name(http, sample.name)["status"] for sample in bad] == ["failed"] * 4
    offsets = {
        dict(record.headers)["name"].decode(): (record.partition, record.offset) for record in system.records(IMAGES)
    }
    places = [offsets[sample.name] for sample in good]
    assert len({partition for partition, _ in places}) == 1
    assert places == sorted(places)
