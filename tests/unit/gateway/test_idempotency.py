"""Idempotency keys: the same image again is the same image, another one under its key is refused."""

import asyncio
from pathlib import Path

import pytest

from sightline_common.errors import Unavailable
from sightline_contracts.ids import image_id_from_key
from sightline_contracts.images import ImageRecord
from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.keys import make_key
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_upload import post

PNG = image_bytes("PNG")
JPEG = image_bytes("JPEG")


async def test_the_same_key_gives_the_same_id_and_one_record(served: Served) -> None:
    key = {"Idempotency-Key": '"order-7"'}
    first, second = await post(served, PNG, **key), await post(served, PNG, **{"Idempotency-Key": "order-7"})
    assert first.json()["id"] == second.json()["id"] == image_id_from_key("http", "order-7", PNG)
    assert (first.status_code, second.status_code) == (202, 202)
    assert len(served.publisher.records) == 1
    assert served.outcomes("repeated") == 1


async def test_the_same_key_is_answered_with_the_result_once_it_is_known(served: Served) -> None:
    key = {"Idempotency-Key": "order-7"}
    await post(served, PNG, **key)
    served.topic.append([make_result(served.publisher.records[0])])
    second = await post(served, PNG, **key)
    assert (second.status_code, second.json()["status"]) == (200, "classified")
    assert len(served.publisher.records) == 1


@pytest.mark.parametrize("known", ["pending", "result"])
async def test_other_bytes_under_a_key_are_refused(served: Served, known: str) -> None:
    """The key alone made the id: a sender that used one twice got the first image's labels for the second."""
    key = {"Idempotency-Key": "order-7"}
    first = (await post(served, PNG, **key)).json()["id"]
    if known == "result":
        served.topic.append([make_result(served.publisher.records[0])])
    second = await post(served, JPEG, **key)
    assert (second.status_code, second.json()["code"], second.json()["image"]) == (422, "key-reused", first)
    assert len(served.publisher.records) == 1
    assert served.outcomes("key-reused") == 1
    assert (await post(served, JPEG, **{"Idempotency-Key": "order-8"})).status_code == 202
    assert (await post(served, PNG, **key)).json()["id"] == first


async def test_another_replica_refuses_other_bytes_by_the_result_alone(served: Served) -> None:
    image_id = image_id_from_key("http", "order-7", PNG)
    elsewhere = ImageRecord(image_id, PNG, "image/png", "http", accepted_at=1)
    served.topic.append([make_result(elsewhere)])
    key = {"Idempotency-Key": "order-7"}
    assert (await post(served, PNG, **key)).json()["id"] == image_id
    assert (await post(served, JPEG, **key)).json()["code"] == "key-reused"
    assert served.publisher.records == []


async def test_two_images_cannot_pass_each_other_under_one_key(served: Served) -> None:
    served.publisher.gate.clear()
    key = {"Idempotency-Key": "order-7"}
    first, again = (asyncio.create_task(post(served, PNG, **key)) for _ in range(2))
    await until(lambda: len(served.gateway.uploads._keys._held) == 1)
    assert (await post(served, JPEG, **key)).json()["code"] == "key-reused"
    served.publisher.gate.set()
    assert (await first).json()["id"] == (await again).json()["id"]
    assert served.gateway.uploads._keys._held == {}


async def test_bytes_that_kafka_did_not_take_leave_their_key_free(served: Served) -> None:
    key = {"Idempotency-Key": "order-7"}
    served.publisher.failure = Unavailable("no broker")
    assert (await post(served, PNG, **key)).status_code == 503
    served.publisher.failure = None
    assert (await post(served, JPEG, **key)).status_code == 202


async def test_images_without_a_key_never_meet(served: Served) -> None:
    """Ids made in the same millisecond begin alike: together they passed for one key, and all but one were refused."""
    served.publisher.gate.clear()
    sending = [asyncio.create_task(post(served, data)) for data in (PNG, JPEG) * 10]
    await until(lambda: len(served.view._waiters) == len(sending))
    served.publisher.gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*sending)} == {202}


async def test_the_key_of_one_caller_is_not_anothers(serve: Serve, tmp_path: Path) -> None:
    """Two callers that both count their orders met: the second was refused, and told the first one's id."""
    made = [make_key(name, frozenset({Scope.UPLOAD})) for name in ("ada", "bob")]
    file = tmp_path / "keys"
    file.write_text("\n".join(entry.line() for _, entry in made))
    ada, bob = ({"Idempotency-Key": "order-7", "Authorization": f"Bearer {key}"} for key, _ in made)
    async with serve(gateway_keys_file=file) as served:
        first, other = await post(served, PNG, **ada), await post(served, JPEG, **bob)
        same = await post(served, PNG, **ada)
        assert (first.status_code, other.status_code) == (202, 202)
        assert first.json()["id"] == same.json()["id"] != other.json()["id"]
        assert (await post(served, JPEG, **ada)).json()["code"] == "key-reused"
        forms = [
            await served.client.post("/v1/images", headers=headers, files={"file": ("a.png", PNG)})
            for headers in (ada, ada, bob)
        ]
    ids = [form.json()["images"][0]["id"] for form in forms]
    assert ids[0] == ids[1] != ids[2]
