"""Pictures in over HTTP and TCP, labels out."""

import time
from itertools import count
from typing import Any

import httpx
import pytest

from sightline_local.samples import Sample, digit
from tests.e2e.system import System, eventually, post

pytestmark = pytest.mark.e2e

_serial = count()


def named(sample: Sample) -> Sample:
    """The sample under a name that no other test uses."""
    return Sample(f"e2e-{next(_serial)}-{int(time.time())}.png", sample.content_type, sample.data)


def result_by_name(http: httpx.Client, name: str) -> Any:
    """The result of the picture with this name, once it is there; over TCP nobody is told an id."""

    def find() -> Any:
        images = http.get("/v1/images", params={"limit": 100}).json()["images"]
        return next((image for image in images if image["name"] == name), None)

    return eventually(find, 30, f"a result for {name}")


@pytest.mark.parametrize("index", [0, 25, 42])
def test_a_digit_over_http_gets_its_label(http: httpx.Client, index: int) -> None:
    sample = digit(index)
    answer = post(http, sample, wait_s=30)
    assert answer.status_code == 200
    result = answer.json()
    assert result["status"] == "classified"
    assert result["predictions"][0]["label"] == sample.name.split("-")[1]
    assert len(result["predictions"]) == 5
    assert result["name"] == sample.name
    assert result["source"] == "http"


def test_a_digit_over_tcp_gets_its_label(system: System, http: httpx.Client) -> None:
    sample = named(digit(42))
    assert system.send_frames(sample).frames == 1
    result = result_by_name(http, sample.name)
    assert result["status"] == "classified"
    assert result["source"] == "tcp"
    assert result["predictions"][0]["label"] == digit(42).name.split("-")[1]


def test_a_result_is_served_by_its_id(http: httpx.Client) -> None:
    accepted = post(http, digit(3))
    assert accepted.status_code == 202
    location = accepted.headers["Location"]
    answer = eventually(lambda: (got := http.get(location)).status_code == 200 and got, 30, f"a result at {location}")
    assert answer.json()["id"] == accepted.json()["id"]


def test_an_image_can_be_seen_as_soon_as_it_has_its_result(http: httpx.Client) -> None:
    sample = named(digit(11))
    image_id = post(http, sample, wait_s=30).json()["id"]
    thumbnail = http.get(f"/v1/images/{image_id}/thumbnail")
    assert (thumbnail.status_code, thumbnail.headers["Content-Type"]) == (200, "image/webp")
    original = http.get(f"/v1/images/{image_id}/original")
    assert original.content == sample.data
    assert sample.name in original.headers["Content-Disposition"]


def test_an_upload_repeated_with_its_key_is_one_image(system: System, http: httpx.Client) -> None:
    """A client that got no answer sends again: it must not see two images."""
    sample = named(digit(7))
    headers = {"Content-Type": "image/png", "Idempotency-Key": sample.name, "X-Image-Name": sample.name}
    ids = {http.post("/v1/images", content=sample.data, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    result_by_name(http, sample.name)
    images = http.get("/v1/images", params={"limit": 100}).json()["images"]
    assert [image["id"] for image in images if image["name"] == sample.name] == list(ids)
