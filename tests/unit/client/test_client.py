"""The plain client against the real gateway."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uuid_utils

from sightline_client import Client, NoResultYet, Refused, UnexpectedAnswer, Unreachable, UnreadableImage
from sightline_contracts.ids import new_image_id
from sightline_local.ports import free_port
from tests.browser.gateway import GatewayUnderTest, png
from tests.unit.client.conftest import FailingProxy


@pytest.fixture
def client(gateway: GatewayUnderTest) -> Iterator[Client]:
    """A client of the gateway."""
    with Client(gateway.url) as connected:
        yield connected


def test_a_photo_is_classified_and_keeps_its_name_model_and_stream(client: Client, photo: Path) -> None:
    result = client.classify(photo, model="efficientnet-lite0", stream="door")
    assert (result.status, result.name, result.stream) == ("classified", photo.name, "door")
    assert result.model.name == "efficientnet-lite0"
    assert result.best is not None
    assert result.best == result.predictions[0]
    assert result.best.probability == max(found.probability for found in result.predictions)
    assert client.result(result.id) == result


def test_an_upload_returns_at_once_and_its_result_comes_later(client: Client) -> None:
    uploaded = client.upload(png())
    assert uploaded.result is None
    assert client.wait(uploaded.id).id == uploaded.id


def test_the_same_key_is_the_same_image(client: Client) -> None:
    first = client.classify(png(), key="order 7")
    again = client.upload(png(), key="order 7")
    assert (again.id, again.result) == (first.id, first)
    assert client.upload(png()).id != client.upload(png()).id


def test_an_image_that_fails_is_a_result_that_says_why(client: Client) -> None:
    result = client.classify(png(), model="unknown")
    assert (result.status, result.best) == ("failed", None)
    assert result.error is not None
    assert result.error.code == "unknown-model"


def test_a_file_that_the_gateway_refuses_raises_its_problem_at_once(client: Client) -> None:
    with pytest.raises(Refused, match="truncated: the PNG") as caught:
        client.classify(png()[:-8])
    assert (caught.value.status, caught.value.code) == (422, "truncated")


def test_an_image_without_a_result_in_time_can_be_asked_for_later(client: Client) -> None:
    accepted = new_image_id()  # by another replica, and never classified here
    assert client.result(accepted) is None
    with pytest.raises(NoResultYet, match=accepted) as caught:
        client.wait(accepted, timeout_s=0)
    assert caught.value.image_id == accepted


@pytest.mark.parametrize(
    ("image_id", "status"),
    [(str(uuid_utils.uuid7()), 404), ("019f0c0e-5b1c-7aaa-8000-3c1f5a2b7c9d", 410), ("nobody", 404)],
    ids=["never seen", "long ago", "no id"],
)
def test_an_unknown_id_is_refused(client: Client, image_id: str, status: int) -> None:
    for ask in (client.result, lambda asked: client.wait(asked, timeout_s=0)):
        with pytest.raises(Refused) as caught:
            ask(image_id)
        assert caught.value.status == status


def test_an_id_stays_one_part_of_the_path(client: Client) -> None:
    with pytest.raises(Refused) as caught:
        client.result("../../healthz?")
    assert caught.value.status == 404


def test_an_upload_whose_answer_was_lost_is_repeated_and_stays_one_image(
    gateway: GatewayUnderTest, proxy: FailingProxy
) -> None:
    proxy.failures += ["cut", "busy"]
    with Client(proxy.url) as client:
        result = client.classify(png())
    assert len(proxy.keys) == 3
    assert len(set(proxy.keys)) == 1
    listed = httpx.get(f"{gateway.url}v1/images", timeout=30).json()["images"]
    assert [image["id"] for image in listed] == [result.id]


def test_retries_are_bounded_and_the_last_error_is_told(proxy: FailingProxy) -> None:
    proxy.failures += ["busy"] * 9
    with Client(proxy.url, retries=2) as client, pytest.raises(Refused, match="slow down") as caught:
        client.upload(png())
    assert (caught.value.code, caught.value.retry_after_s, len(proxy.keys)) == ("too-many-requests", 0.0, 3)


def test_without_a_gateway_the_address_is_at_fault() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", retries=1) as client, pytest.raises(Unreachable, match="refused"):
        client.upload(png())


def test_an_address_that_is_none_is_not_tried_again() -> None:
    with Client("gopher://127.0.0.1") as client, pytest.raises(Unreachable, match="protocol"):
        client.upload(png())


def test_what_answers_without_being_a_gateway_is_named(proxy: FailingProxy) -> None:
    proxy.failures += ["page"]
    with Client(proxy.url) as client, pytest.raises(UnexpectedAnswer, match="answered 200, but no JSON"):
        client.upload(png())


def test_a_file_that_cannot_be_read_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"none\.png: No such file"):
        client.upload(tmp_path / "none.png")
