"""Multipart uploads: every file by itself, nothing held beyond the limits."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_common.errors import Unavailable
from sightline_gateway.multipart import FormFile, FormReader, MalformedForm
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes

PNG = image_bytes("PNG")
JPEG = image_bytes("JPEG")
HEADER = "multipart/form-data; boundary=b0undary"

Files = list[tuple[str, tuple[str | None, bytes, str]]]


async def post(served: Served, files: Files, path: str = "/v1/images", **headers: str) -> Any:
    """POST a form with these files."""
    return await served.client.post(path, files=files, headers=headers)


def part(data: bytes, disposition: str = 'form-data; name="file"; filename="a.png"') -> bytes:
    """One part of a form with the boundary of HEADER."""
    return b"--b0undary\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + data + b"\r\n"


async def post_raw(served: Served, body: bytes, header: str = HEADER) -> Any:
    """POST `body` as it is."""
    return await served.client.post("/v1/images", content=body, headers={"Content-Type": header})


async def test_every_file_is_a_record_of_its_own(served: Served) -> None:
    files: Files = [("a", ("a.png", PNG, "image/png")), ("b", ("b.jpg", JPEG, "image/jpeg"))]
    answer = await post(served, files, "/v1/images?stream=cam&model=m@2")
    assert answer.status_code == 202
    images = answer.json()["images"]
    assert [image["name"] for image in images] == ["a.png", "b.jpg"]
    by_id = {record.id: record for record in served.publisher.records}
    assert [by_id[image["id"]].payload for image in images] == [PNG, JPEG]
    assert {(record.stream, record.model) for record in by_id.values()} == {("cam", "m@2")}


async def test_files_fail_one_by_one(served: Served) -> None:
    files: Files = [
        ("file", ("good.png", PNG, "image/png")),
        ("file", ("cut.png", PNG[:-12], "image/png")),
        ("file", ("empty.png", b"", "image/png")),
        ("file", ("text.png", b"hello", "image/png")),
        ("note", (None, b"a field, no file", "text/plain")),
    ]
    answer = await post(served, files)
    assert answer.status_code == 202
    found = [(image["status"], image.get("error", {}).get("code")) for image in answer.json()["images"]]
    assert found == [
        ("pending", None),
        ("rejected", "truncated"),
        ("rejected", "empty"),
        ("rejected", "unsupported-type"),
        ("rejected", "bad-request"),
    ]
    assert len(served.publisher.records) == 1


async def test_when_every_file_is_rejected_the_problem_lists_them(served: Served) -> None:
    answer = await post(served, [("file", ("cut.png", PNG[:-12], "image/png"))])
    assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [image["error"]["code"] for image in answer.json()["images"]] == ["truncated"]


async def test_when_kafka_takes_none_the_answer_is_503(served: Served) -> None:
    served.publisher.failure = Unavailable("no broker")
    answer = await post(served, [("file", ("a.png", PNG, "image/png"))] * 2)
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka-unavailable")
    assert answer.headers["Retry-After"]
    assert len(answer.json()["images"]) == 2


async def test_a_file_above_the_limit_is_dropped_while_it_arrives(serve: Serve) -> None:
    limits = {"max_image_bytes": 50_000, "gateway_in_flight_bytes": 60_000, "gateway_max_upload_bytes": 10_000_000}
    async with serve(**limits) as served:
        files: Files = [("f", ("big.png", PNG + bytes(5_000_000), "image/png")), ("f", ("a.png", PNG, "image/png"))]
        answer = await post(served, files)
        assert answer.status_code == 202
        assert [image.get("error", {}).get("code") for image in answer.json()["images"]] == ["too-large", None]
        assert served.metrics.in_flight_bytes._value.get() == 0


async def test_a_form_above_its_limit_is_refused(serve: Serve) -> None:
    async with serve(max_image_bytes=50_000, gateway_max_upload_bytes=60_000) as served:
        answer = await post(served, [("f", ("a.png", PNG + bytes(30_000), "image/png"))] * 3)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_waiting_for_a_form_answers_with_all_results(served: Served) -> None:
    files: Files = [("a", ("a.png", PNG, "image/png")), ("b", ("b.jpg", JPEG, "image/jpeg"))]
    sending = asyncio.create_task(post(served, files, Prefer="wait=10"))
    records = await until(lambda: len(served.publisher.records) == 2 and served.publisher.records)
    served.topic.append([make_result(record) for record in records])
    answer = await sending
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=10")
    assert [image["status"] for image in answer.json()["images"]] == ["classified", "classified"]


async def test_a_repeated_form_gives_the_same_ids(served: Served) -> None:
    files: Files = [("a", ("a.png", PNG, "image/png")), ("b", ("b.jpg", JPEG, "image/jpeg"))]
    first, second = [(await post(served, files, **{"Idempotency-Key": "k"})).json() for _ in range(2)]
    assert first == second
    assert len({image["id"] for image in first["images"]}) == 2
    assert len(served.publisher.records) == 2


@pytest.mark.parametrize(
    ("body", "header", "said"),
    [
        (b"", "multipart/form-data", "boundary"),
        (b"", f"multipart/form-data; boundary={'x' * 400}", "oundary"),
        (b"no form at all", HEADER, "multipart body"),
        (part(PNG), HEADER, "closing boundary"),
        (b"--b0undary\r\n" + b"X-Long: " + b"y" * 10_000 + b"\r\n\r\n", HEADER, "header"),
    ],
)
async def test_a_malformed_form_is_refused(served: Served, body: bytes, header: str, said: str) -> None:
    answer = await post_raw(served, body, header)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert said in answer.json()["detail"]
    assert served.metrics.in_flight_bytes._value.get() == 0


async def test_what_was_published_before_the_form_broke_off_is_reported(served: Served) -> None:
    answer = await post_raw(served, part(PNG) + part(PNG)[:-30])
    assert answer.status_code == 400
    assert [image["status"] for image in answer.json()["images"]] == ["pending"]
    assert answer.json()["images"][0]["id"] == served.publisher.records[0].id


async def test_a_form_without_a_file_is_empty(served: Served) -> None:
    answer = await post_raw(served, b"--b0undary--\r\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty")


async def test_too_many_files_are_refused(serve: Serve) -> None:
    async with serve(gateway_max_files=2) as served:
        answer = await post(served, [("f", ("a.png", PNG, "image/png"))] * 3)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
        assert len(answer.json()["images"]) == 2


async def test_a_bad_file_name_rejects_that_file(served: Served) -> None:
    body = part(PNG, f'form-data; name="f"; filename="{"x" * 300}"') + part(PNG) + b"--b0undary--\r\n"
    answer = await post_raw(served, body)
    assert [image["status"] for image in answer.json()["images"]] == ["rejected", "pending"]
    assert "name" in answer.json()["images"][0]["error"]["detail"]


class CountingClaim:
    """A claim that remembers what it holds."""

    def __init__(self, room: int = 10**9) -> None:
        self.held, self._room = 0, room

    def grow(self, size: int) -> bool:
        """Take `size` if there is room."""
        if self.held + size > self._room:
            return False
        self.held += size
        return True

    def release(self) -> None:
        """Give all back."""
        self.held = 0


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 50))
def test_files_are_the_same_however_the_body_is_cut(contents: list[bytes], piece: int) -> None:
    """Boundaries look-alikes inside files must not confuse the parser wherever the network cuts the body."""
    contents = [b"\r\n--b0und" + content for content in contents]
    body = b"".join(part(content) for content in contents) + b"--b0undary--\r\n"
    files: list[FormFile] = []
    reader = FormReader(HEADER, (10_000, 10), CountingClaim, files.append)
    for start in range(0, len(body), piece):
        reader.feed(body[start : start + piece])
    reader.finish()
    assert [file.data for file in files] == contents
    assert {file.name for file in files} <= {"a.png"}


def test_a_file_without_room_gives_its_memory_back() -> None:
    claims = [CountingClaim(room=100), CountingClaim(room=100)]
    files: list[FormFile] = []
    reader = FormReader(HEADER, (10_000, 10), iter(claims).__next__, files.append)
    reader.feed(part(bytes(50)) + part(bytes(500)) + b"--b0undary--\r\n")
    small, large = files
    assert (small.error, claims[0].held) == (None, 50)
    assert (large.error and large.error[0], large.data, claims[1].held) == ("overloaded", b"", 0)


def test_closing_gives_back_what_an_unfinished_file_holds() -> None:
    claim = CountingClaim()
    files: list[FormFile] = []
    reader = FormReader(HEADER, (10_000, 10), lambda: claim, files.append)
    reader.feed(part(bytes(500))[:-20])
    assert claim.held > 0
    with pytest.raises(MalformedForm):
        reader.finish()
    reader.close()
    assert (files, claim.held) == ([], 0)
