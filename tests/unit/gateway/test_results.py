"""Reading results over HTTP, and what a restart of the view remembers."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
import uuid_utils

from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.results import ErrorInfo, Result
from tests.unit.gateway.conftest import Serve, Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes

PNG = image_bytes("PNG")


def results(count: int) -> list[Result]:
    """Results of different images, each a millisecond after the one before."""
    now = time.time_ns() // 1_000_000
    made = (make_result(ImageRecord(new_image_id(), b"", "image/png", "tcp", accepted_at=1)) for _ in range(count))
    return [replace(result, classified_at=now + index) for index, result in enumerate(made)]


async def ids(served: Served, path: str) -> tuple[Sequence[str], str | None]:
    """The ids and the cursor of a page."""
    page = (await served.client.get(path)).json()
    return [image["id"] for image in page["images"]], page["next"]


async def test_an_image_is_pending_then_classified(served: Served) -> None:
    image_id = (await served.client.post("/v1/images", content=PNG, headers={"X-Image-Name": "a.png"})).json()["id"]
    pending = await served.client.get(f"/v1/images/{image_id}")
    assert (pending.status_code, pending.headers["Retry-After"]) == (202, "1")
    assert pending.json() == {"id": image_id, "status": "pending", "name": "a.png"}
    served.topic.append([make_result(served.publisher.records[0])])
    done = await served.client.get(f"/v1/images/{image_id}")
    assert (done.status_code, done.json()["status"], done.json()["name"]) == (200, "classified", "a.png")
    assert done.json()["schema"] == "sightline.result/1"


async def test_a_failed_result_is_shown_with_its_reason(served: Served) -> None:
    image_id = (await served.client.post("/v1/images", content=PNG)).json()["id"]
    error = ErrorInfo("unknown-model", "there is no model 'nope'")
    served.topic.append([make_result(served.publisher.records[0], version=None, error=error)])
    done = (await served.client.get(f"/v1/images/{image_id}")).json()
    assert (done["status"], done["error"]["code"], done["predictions"]) == ("failed", "unknown-model", [])


@pytest.mark.parametrize("unknown", [str(uuid_utils.uuid7()), "nonsense", "a" * 5000, "%00"])
async def test_an_unknown_id_is_not_found(served: Served, unknown: str) -> None:
    answer = await served.client.get(f"/v1/images/{unknown}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_pages_are_newest_first_and_do_not_shift(served: Served) -> None:
    made = results(5)
    served.topic.append(made)
    newest = [result.id for result in reversed(made)]
    first, cursor = await ids(served, "/v1/images?limit=2")
    assert first == newest[:2]
    served.topic.append([replace(result, classified_at=result.classified_at + 10_000) for result in results(3)])
    second, cursor = await ids(served, f"/v1/images?limit=2&cursor={cursor}")
    third, end = await ids(served, f"/v1/images?limit=2&cursor={cursor}")
    assert (second, third, end) == (newest[2:4], newest[4:], None)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=bnVsbA", "cursor"),
    ],
)
async def test_a_bad_page_request_is_refused(served: Served, query: str, parameter: str) -> None:
    answer = await served.client.get(f"/v1/images?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert parameter in answer.json()["detail"]


async def test_a_duplicate_is_shown_once_and_counted_and_another_version_is_a_result_of_its_own(served: Served) -> None:
    (first,) = results(1)
    second = replace(first, model=replace(first.model, version="2"))
    served.topic.append([first, first, second, first])
    assert (await ids(served, "/v1/images"))[0] == [first.id, first.id]
    assert (await served.client.get(f"/v1/images/{first.id}")).json()["model"]["version"] == "2"
    assert served.metrics.duplicates._value.get() == 2
    assert served.metrics.results._value.get() == 2


async def test_a_new_start_remembers_results_pending_images_and_the_place_in_the_topic(serve: Serve) -> None:
    made = results(3)
    async with serve() as served:
        pending = (await served.client.post("/v1/images", content=PNG)).json()["id"]
        served.topic.append(made)
        offsets = served.store.next_offsets()
    async with serve() as served:
        assert served.store.next_offsets() == offsets
        assert (await ids(served, "/v1/images"))[0] == [result.id for result in reversed(made)]
        assert (await served.client.get(f"/v1/images/{pending}")).status_code == 202
        served.topic.append(made)
        assert served.metrics.duplicates._value.get() == 3


async def test_a_result_that_arrives_between_the_two_looks_is_found(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed stores a result and forgets the pending id at once: a poll in that moment was answered 404."""
    image_id = (await served.client.post("/v1/images", content=PNG)).json()["id"]
    find_pending = served.view.find_pending

    async def result_comes_first(asked: str) -> object:
        served.topic.append([make_result(served.publisher.records[0])])
        return await find_pending(asked)

    monkeypatch.setattr(served.view, "find_pending", result_comes_first)
    answer = await served.client.get(f"/v1/images/{image_id}")
    assert (answer.status_code, answer.json()["id"]) == (200, image_id)
