"""Ids that the view does not know: never accepted, accepted elsewhere, or no longer kept."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from sightline_contracts.ids import image_id_from_key, image_id_time, new_image_id
from sightline_gateway.view.store import Arrival, Store
from tests.unit.gateway.conftest import Serve, Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_results import results
from tests.unit.gateway.test_store import fill

HOUR_MS = 3_600_000
PNG = image_bytes("PNG")


def made_at(ms: int) -> str:
    """An image id of that time that no gateway or bridge made."""
    return str(UUID(int=ms << 80 | 0x7 << 76 | 0x2 << 62 | 1))


def issued_at(ms: int) -> str:
    """An image id as a gateway or bridge made it at that time."""
    head = made_at(ms)[:-6]
    return head + hashlib.sha256(head.encode()).hexdigest()[:6]


def now_ms() -> int:
    """Unix ms."""
    return time.time_ns() // 1_000_000


def test_an_id_tells_when_it_was_made() -> None:
    before = now_ms()
    made = image_id_time(new_image_id())
    assert made is not None
    assert before <= made <= now_ms()
    assert image_id_time(made_at(1_795_327_900_123)) == 1_795_327_900_123
    assert image_id_time(image_id_from_key("http", "order-7", b"\xff")) is None
    assert image_id_time("nonsense") is None


@pytest.mark.parametrize(("make", "young"), [(made_at, 404), (issued_at, 202)], ids=["made up", "issued"])
async def test_an_id_older_than_what_is_kept_is_gone(serve: Serve, make: Callable[[int], str], young: int) -> None:
    async with serve(gateway_view_hours=2) as served:
        answer = await served.client.get(f"/v1/images/{make(now_ms() - 2 * HOUR_MS - 1)}")
        assert (answer.status_code, answer.json()["code"]) == (410, "expired")
        assert "Retry-After" not in answer.headers
        assert (await served.client.get(f"/v1/images/{make(now_ms() - HOUR_MS)}")).status_code == young


async def test_an_id_that_another_replica_issued_is_pending_here_too(serve: Serve, tmp_path: Path) -> None:
    async with serve() as served, serve(tmp_path / "other") as other:
        image_id = (await other.client.post("/v1/images", content=PNG, headers={"X-Image-Name": "a.png"})).json()["id"]
        answer = await served.client.get(f"/v1/images/{image_id}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
        assert answer.json() == {"id": image_id, "status": "pending", "name": None}
        served.topic.append([make_result(other.publisher.records[0])])
        assert (await served.client.get(f"/v1/images/{image_id}")).json()["status"] == "classified"


async def test_an_id_from_a_clock_that_is_ahead_is_pending(served: Served) -> None:
    assert (await served.client.get(f"/v1/images/{issued_at(now_ms() + HOUR_MS)}")).status_code == 202


async def test_an_id_that_may_be_pending_elsewhere_is_worth_asking_again(served: Served) -> None:
    """Ids of a key tell no time, and other programs' ids have no check digits: they could stay pending for ever."""
    for image_id in (made_at(now_ms()), image_id_from_key("http", "order-7", b"\xff")):
        answer = await served.client.get(f"/v1/images/{image_id}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (404, "1")


async def test_what_is_no_id_is_not_worth_asking_again(served: Served) -> None:
    for unknown in ("nonsense", made_at(now_ms() + HOUR_MS), new_image_id().upper()):
        answer = await served.client.get(f"/v1/images/{unknown}")
        assert answer.status_code == 404
        assert "Retry-After" not in answer.headers


async def test_an_id_whose_result_was_deleted_for_room_is_gone(serve: Serve) -> None:
    made = results(6)
    async with serve() as served:
        served.topic.append(made)
        served.store.trim(2, 3600)
    async with serve() as served:
        statuses = [(await served.client.get(f"/v1/images/{result.id}")).status_code for result in made]
        assert statuses == [410, 410, 410, 410, 200, 200]
        assert (await served.client.get(f"/v1/images/{made_at(now_ms())}")).status_code == 404


def test_an_id_from_the_future_does_not_make_others_gone(store: Store) -> None:
    """A sender's clock was years ahead: after its result was deleted every new id would have been called expired."""
    (ahead,) = results(1)
    ahead = replace(ahead, id=made_at(now_ms() + 1000 * HOUR_MS))
    store.apply([Arrival(0, 0, ahead)], {0: 1})
    while store.trim(0, 3600):
        pass
    assert 0 < store.forgotten <= now_ms()


def test_nothing_is_gone_before_something_was_deleted(store: Store) -> None:
    fill(store, 3)
    store.trim(10, 3600)
    assert store.forgotten == 0
