"""The Open Inference Protocol as Triton's own client speaks it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator

import numpy as np
import pytest

from sightline_common.management import Readiness
from tests.unit.gateway.conftest import Served
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_errors import assert_problem
from tests.unit.gateway.test_inference import classify

pytest.importorskip("tritonclient.http.aio", reason="needs tritonclient[http]: make setup")

from tritonclient.http.aio import (
    InferenceServerClient,
    InferenceServerException,
    InferInput,
    InferRequestedOutput,
)

PNG = image_bytes("PNG")
JPEG = image_bytes("JPEG")


@pytest.fixture
async def triton(models: Served) -> AsyncIterator[InferenceServerClient]:
    """Triton's client, connected to the gateway with models."""
    async with InferenceServerClient(f"127.0.0.1:{models.port}") as client:
        yield client


def image_tensor(*files: bytes, binary: bool = True) -> InferInput:
    """The input of Triton's client."""
    tensor = InferInput("image", [len(files)], "BYTES")
    content = files if binary else [b64encode(file) for file in files]
    return tensor.set_data_from_numpy(np.array(content, dtype=np.object_), binary_data=binary)


async def test_the_server_says_what_it_is(triton: InferenceServerClient, models: Served) -> None:
    assert await triton.is_server_live()
    assert await triton.is_server_ready()
    metadata = await triton.get_server_metadata()
    assert (metadata["name"], metadata["extensions"]) == ("sightline", ["binary_tensor_data"])
    assert (await models.client.get("/v2/health/live")).json() == {"live": True}
    models.checks["kafka"] = Readiness(ok=False, reason="no broker answers")
    assert await triton.is_server_live()
    assert not await triton.is_server_ready()
    assert not await triton.is_model_ready("digits-lenet")
    answer = await models.client.get("/v2/health/ready")
    assert_problem(answer, 503, "not-ready")
    assert (answer.json()["ready"], answer.json()["error"]) == (False, "kafka: no broker answers")


async def test_models_say_what_they_take_and_give(triton: InferenceServerClient) -> None:
    assert await triton.is_model_ready("digits-lenet")
    assert await triton.is_model_ready("digits-lenet", "2")
    assert not await triton.is_model_ready("digits-lenet", "3")
    assert not await triton.is_model_ready("nope")
    metadata = await triton.get_model_metadata("digits-lenet")
    assert metadata["versions"] == ["2", "1"]
    assert metadata["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    assert {output["name"]: output["datatype"] for output in metadata["outputs"]} == {
        "id": "BYTES",
        "label": "BYTES",
        "index": "INT32",
        "probability": "FP32",
    }
    assert (await triton.get_model_metadata("digits-lenet", "1"))["versions"] == ["1"]
    with pytest.raises(InferenceServerException, match="there is no model 'nope'"):
        await triton.get_model_metadata("nope")


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
async def test_triton_gets_the_results_of_a_batch_in_order(
    triton: InferenceServerClient, models: Served, *, binary_in: bool, binary_out: bool
) -> None:
    outputs = [InferRequestedOutput(name, binary_data=binary_out) for name in ("probability", "label", "id", "index")]
    call = triton.infer("digits-lenet", [image_tensor(PNG, JPEG, binary=binary_in)], outputs=outputs, request_id="42")
    inferring = asyncio.create_task(call)
    first, second = await classify(models, 2)
    answer = await inferring
    assert [record.payload for record in models.publisher.records] == [PNG, JPEG]
    assert {record.model for record in models.publisher.records} == {"digits-lenet"}
    told = answer.get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("42", "digits-lenet", "1")
    expected = [first.predictions, second.predictions]
    for name in ("label", "index", "probability"):
        values = answer.as_numpy(name)
        shown = [[v.decode() if isinstance(v, bytes) else v for v in row] for row in values.tolist()]
        wanted = [[getattr(p, name) for p in predictions] for predictions in expected]
        assert shown == (pytest.approx(np.array(wanted)) if name == "probability" else wanted)
    ids = [i.decode() if isinstance(i, bytes) else i for i in answer.as_numpy("id").tolist()]
    assert ids == [first.id, second.id]


async def test_triton_without_outputs_gets_all(triton: InferenceServerClient, models: Served) -> None:
    inferring = asyncio.create_task(triton.infer("digits-lenet", [image_tensor(PNG)], model_version="2"))
    (result,) = await classify(models)
    answer = await inferring
    assert models.publisher.records[0].model == "digits-lenet@2"
    assert answer.as_numpy("label").tolist() == [[p.label.encode() for p in result.predictions]]
    assert answer.as_numpy("index").dtype == np.int32


async def test_a_bad_image_is_named_to_tritons_client(triton: InferenceServerClient, models: Served) -> None:
    with pytest.raises(InferenceServerException, match="image 1: the JPEG has no end marker"):
        await triton.infer("digits-lenet", [image_tensor(PNG, JPEG[:-2])])
