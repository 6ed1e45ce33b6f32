"""Pictures of images that have no result yet."""

import pytest

from sightline_common.publisher import Ack
from sightline_contracts.images import ImageRecord
from tests.unit.gateway.conftest import Serve, Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.test_pictures import PHOTO, get

pytestmark = pytest.mark.process


async def test_an_image_can_be_seen_before_it_has_its_result(serve: Serve) -> None:
    """Where Kafka put it is known from its acknowledgement, also after a restart; it was 404 until the result came."""
    async with serve() as served:
        image_id = (await served.client.post("/v1/images", content=PHOTO)).json()["id"]
        assert (await served.client.get(f"/v1/images/{image_id}")).status_code == 202
        assert (await get(served, image_id, "original")).content == PHOTO
        assert (await get(served, image_id, "thumbnail")).headers["Content-Type"] == "image/webp"
    async with serve() as served:
        served.publisher.records.append(ImageRecord(image_id, PHOTO, "image/jpeg", "http", accepted_at=1))
        assert (await get(served, image_id, "original")).content == PHOTO


async def test_an_image_whose_place_kafka_did_not_tell_can_be_seen_with_its_result(served: Served) -> None:
    """A broker that finds that it has a record already may not say where."""
    publish = served.publisher.publish

    async def twice(record: ImageRecord) -> Ack:
        await publish(record)
        return Ack(0, -1)

    served.publisher.publish = twice  # type: ignore[method-assign]
    image_id = (await served.client.post("/v1/images", content=PHOTO)).json()["id"]
    assert (await get(served, image_id, "original")).status_code == 404
    served.topic.append([make_result(served.publisher.records[-1])])
    assert (await get(served, image_id, "original")).content == PHOTO
