"""The Open Inference Protocol in requests made by hand: what is taken, what is refused and how."""

import asyncio
import json
import struct
from base64 import b64encode
from typing import Any

import pytest

from sightline_common.errors import Unavailable
from sightline_contracts.results import ErrorInfo
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.fakes import add_model, make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_errors import assert_problem

PNG = image_bytes("PNG")
JPEG = image_bytes("JPEG")
INFER = "/v2/models/digits-lenet/infer"


def body(*files: bytes, **changes: Any) -> dict[str, Any]:
    """A request in JSON."""
    data = [b64encode(file).decode() for file in files]
    tensor = {"name": "image", "datatype": "BYTES", "shape": [len(files)], "data": data, **changes}
    return {"inputs": [tensor]}


async def classify(served: Served, count: int = 1, error: ErrorInfo | None = None) -> list[Any]:
    """Answer the next `count` records as the classifier would; returns their results in order."""
    records = await until(lambda: served.publisher.records[count - 1 :] and served.publisher.records)
    results = [make_result(record, error=error) for record in records]
    served.topic.append(results)
    return results


@pytest.mark.parametrize("count", [1, 3])
async def test_base64_in_json_needs_no_client_library(models: Served, count: int) -> None:
    sending = asyncio.create_task(models.client.post(INFER, json=body(*[PNG] * count)))
    results = await classify(models, count)
    answer = (await sending).json()
    labels = {output["name"]: output for output in answer["outputs"]}["label"]
    assert labels["shape"] == [count, 5]
    assert labels["data"] == [p.label for result in results for p in result.predictions]
    assert models.metrics.in_flight_bytes._value.get() == 0


def elements(*files: bytes) -> bytes:
    """A BYTES tensor in binary form."""
    return b"".join(struct.pack("<I", len(file)) + file for file in files)


def binary(tensor: bytes, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """A request in binary form, with its header."""
    described = {
        "name": "image",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(tensor)},
        **changes,
    }
    head = json.dumps({"inputs": [described]}).encode()
    return head + tensor, {"Inference-Header-Content-Length": str(len(head))}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(
            b'{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":' + b"[" * 5_000, id="deep data"
        ),
        pytest.param({}, id="no input"),
        pytest.param({"inputs": []}, id="no input in the list"),
        pytest.param({"inputs": body(PNG)["inputs"] * 2}, id="two inputs"),
        pytest.param(body(PNG, name="picture"), id="another input"),
        pytest.param(body(PNG, datatype="UINT8"), id="another type"),
        pytest.param(body(PNG, shape=[2]), id="more shape than data"),
        pytest.param(body(PNG, PNG, shape=[1]), id="more data than shape"),
        pytest.param(body(PNG, shape=[-1]), id="negative shape"),
        pytest.param(body(PNG, shape=[2**31, 2**31]), id="large shape"),
        pytest.param(body(shape=[0]), id="no image"),
        pytest.param(body(*[b"x"] * 201), id="too many images"),
        pytest.param(body(PNG, data=[1]), id="a number"),
        pytest.param(body(PNG, data=["%"]), id="not base64"),
        pytest.param(body(PNG, data=["\u00fc"]), id="not ASCII"),
        pytest.param(body(PNG, data=None), id="no data"),
        pytest.param(body(PNG, parameters={"binary_data_size": 1}), id="both kinds of data"),
        pytest.param({**body(PNG), "outputs": [{"name": "logits"}]}, id="unknown output"),
        pytest.param(
            {**body(PNG), "outputs": [{"name": "label", "parameters": {"classification": 3}}]}, id="classification"
        ),
        pytest.param({**body(PNG), "parameters": {"timeout": 0}}, id="no time"),
        pytest.param((b"{}", {"Inference-Header-Content-Length": "3"}), id="more JSON than body"),
        pytest.param((b"{}", {"Inference-Header-Content-Length": "-1"}), id="negative length"),
        pytest.param((b"{}", {"Inference-Header-Content-Length": "9" * 30}), id="vast length"),
        pytest.param(binary(elements(PNG)[:-1]), id="element cut off"),
        pytest.param(binary(elements(PNG) + b"\x01\x00"), id="length cut off"),
        pytest.param(binary(elements(PNG, PNG)), id="more elements than shape"),
        pytest.param(binary(elements(PNG), parameters={"binary_data_size": 3}), id="size differs"),
        pytest.param(binary(elements(PNG), data=["aGk="], parameters=None), id="data and bytes behind it"),
        pytest.param((b"x", {"Content-Encoding": "gzip"}), id="compressed"),
    ],
)
async def test_a_malformed_request_is_refused_and_nothing_is_published(models: Served, request_: Any) -> None:
    content, headers = request_ if isinstance(request_, tuple) else (request_, {})
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = await models.client.post(INFER, content=content, headers=headers)
    assert_problem(answer, 400, "bad-request")
    assert answer.json()["error"] == answer.json()["detail"]
    assert models.publisher.records == []
    assert models.metrics.in_flight_bytes._value.get() == 0


async def test_a_refused_image_is_the_answer_without_waiting_for_the_others(models: Served) -> None:
    """The first version waited a minute for the results of images whose request had already failed."""
    content, headers = binary(elements(PNG, b""), shape=[2])
    answer = await models.client.post(INFER, content=content, headers=headers)
    assert_problem(answer, 422, "empty")
    assert answer.json()["detail"].startswith("image 1: ")


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [("corrupt", 422, "corrupt"), ("model-unavailable", 502, "classification-failed")],
)
async def test_an_image_that_failed_is_a_problem(models: Served, code: str, status: int, told: str) -> None:
    sending = asyncio.create_task(models.client.post(INFER, json=body(PNG)))
    (result,) = await classify(models, error=ErrorInfo(code, "a sentence"))
    answer = await sending
    assert_problem(answer, status, told)
    assert answer.json()["detail"] == f"image 0: {code}: a sentence"
    assert answer.json()["image"] == result.id


async def test_no_result_in_time_says_where_it_will_be(models: Served) -> None:
    answer = await models.client.post(INFER, json={**body(PNG), "parameters": {"timeout": 50_000}})
    assert_problem(answer, 504, "no-result-yet")
    pending = await models.client.get(f"/v1/images/{answer.json()['image']}")
    assert pending.status_code == 202


async def test_the_same_key_does_not_classify_a_batch_twice(models: Served) -> None:
    async def send() -> Any:
        return await models.client.post(INFER, json=body(PNG, JPEG), headers={"Idempotency-Key": "k"})

    first = asyncio.create_task(send())
    await classify(models, 2)
    assert (await first).json() == (await send()).json()
    assert len(models.publisher.records) == 2


async def test_an_unknown_model_is_refused_before_its_images(models: Served) -> None:
    assert_problem(await models.client.post("/v2/models/nope/infer", json=body(PNG)), 404, "not-found")
    assert_problem(await models.client.post("/v2/models/other/versions/2/infer", json=body(PNG)), 404, "not-found")
    assert models.publisher.records == []


async def test_kafka_away_is_a_problem(models: Served) -> None:
    models.publisher.failure = Unavailable("no broker")
    answer = await models.client.post(INFER, json=body(PNG))
    assert_problem(answer, 503, "kafka-unavailable")
    assert "Retry-After" in answer.headers


async def test_base64_has_room_for_the_largest_image_and_no_more(serve: Serve) -> None:
    limits = {"max_image_bytes": 100_000, "gateway_in_flight_bytes": 1_000_000, "gateway_max_upload_bytes": 400_000}
    async with serve(**limits) as served:
        add_model(served.gateway.settings.models_dir, "digits-lenet", "1")
        noise = image_bytes(size=(180, 180), noise=True)
        assert 90_000 < len(noise) < 100_000
        sending = asyncio.create_task(served.client.post(INFER, json=body(noise)))
        await classify(served)
        assert (await sending).status_code == 200
        assert_problem(await served.client.post(INFER, json=body(noise, noise)), 413, "too-large")
        content, headers = binary(elements(noise, noise), shape=[2])
        sending = asyncio.create_task(served.client.post(INFER, content=content, headers=headers))
        await until(lambda: len(served.publisher.records) == 3)
        served.topic.append([make_result(record) for record in served.publisher.records])
        assert (await sending).status_code == 200
        content, headers = binary(elements(*[noise] * 5), shape=[5])
        assert_problem(await served.client.post(INFER, content=content, headers=headers), 413, "too-large")


async def test_images_beyond_the_budget_are_refused_and_all_is_given_back(serve: Serve) -> None:
    limits = {"max_image_bytes": 100_000, "gateway_in_flight_bytes": 150_000, "gateway_max_upload_bytes": 150_000}
    async with serve(**limits) as served:
        add_model(served.gateway.settings.models_dir, "digits-lenet", "1")
        content, headers = binary(elements(image_bytes(size=(170, 170), noise=True)))
        answer = await served.client.post(INFER, content=content, headers=headers)
        assert_problem(answer, 503, "overloaded")
        assert served.publisher.records == []
        assert served.metrics.in_flight_bytes._value.get() == 0
