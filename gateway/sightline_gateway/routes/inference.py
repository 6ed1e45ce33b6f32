"""The Open Inference Protocol below /v2, for the clients of KServe, Triton and their like."""

import asyncio
import time
from dataclasses import dataclass
from importlib import metadata
from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import Field, NonNegativeInt
from starlette.requests import ClientDisconnect

from sightline_gateway.guard.access import caller_id
from sightline_gateway.inference import documents
from sightline_gateway.inference.batch import Batch, classify
from sightline_gateway.inference.tensors import (
    INPUT,
    OUTPUTS,
    Inference,
    MalformedInference,
    read_request,
    write_answer,
)
from sightline_gateway.models import list_models
from sightline_gateway.openapi import inlined, problems
from sightline_gateway.parameters import SenderHeaders
from sightline_gateway.problems import Problem, require_ready
from sightline_gateway.state import Gateway, TheGateway
from sightline_gateway.uploads import Reservation
from sightline_gateway.whole_body import read_whole

router = APIRouter(prefix="/v2", tags=["open inference protocol"])
_models = APIRouter()  # included twice below: for a model, and for one version of it

_SHAPES: Final = {"id": [-1], "label": [-1, -1], "index": [-1, -1], "probability": [-1, -1]}
_JSON_EXTRA_BYTES: Final = 64 * 1024  # of a request's JSON beside its images: names, shapes, parameters
_JSON_LENGTH: Final = "Inference-Header-Content-Length"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": inlined(documents.InferenceRequest)},
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "description": f"The JSON, its length in {_JSON_LENGTH}, then each file behind its length: four bytes, "
                "little-endian",
            },
        },
    }
}


_Name = Annotated[str, Path(examples=["digits-lenet"])]
_Version = Annotated[str, Path(examples=["1"])]


@dataclass(frozen=True, slots=True)
class AskedModel:
    """The model that a path names; without a version the classifier takes the newest."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


async def _by_name(request: Request, model: _Name) -> None:
    request.state.model = AskedModel(model)


async def _by_version(request: Request, model: _Name, version: _Version) -> None:
    request.state.model = AskedModel(model, version)


async def _asked(request: Request) -> AskedModel:
    return cast("AskedModel", request.state.model)


TheModel = Annotated[AskedModel, Depends(_asked)]


class InferenceHeaders(SenderHeaders):
    """Request headers of an inference."""

    inference_header_content_length: NonNegativeInt | None = Field(
        None, description="length of the JSON in bytes; tensors in binary form follow it"
    )
    content_encoding: Literal["identity"] | None = Field(None, description="images do not shrink: send the body plain")


@router.get("", summary="What this server is", responses={200: {"model": documents.ServerMetadata}})
async def read_server() -> dict[str, Any]:
    """Name, version and the extensions that clients look for."""
    return {"name": "sightline", "version": metadata.version("sightline-gateway"), "extensions": ["binary_tensor_data"]}


@router.get("/health/live", summary="Whether the process answers", responses={200: {"model": documents.Live}})
async def read_live() -> dict[str, bool]:
    """Always 200, as /healthz."""
    return {"live": True}


@router.get(
    "/health/ready",
    summary="Whether images are taken and results read",
    responses={200: {"model": documents.Ready}, **problems("not-ready")},
)
async def read_ready(gateway: TheGateway) -> dict[str, bool]:
    """200 or 503, as /readyz."""
    require_ready(gateway.readiness())
    return {"ready": True}


@_models.get(
    "",
    summary="What a model takes and gives",
    responses={200: {"model": documents.ModelMetadata}, **problems("not-found")},
)
async def read_model(gateway: TheGateway, model: TheModel) -> dict[str, Any]:
    """The same tensors for every model: files in; ids and the most probable classes out."""
    tensors = [{"name": name, "datatype": datatype, "shape": _SHAPES[name]} for name, datatype in OUTPUTS.items()]
    return {
        "name": model.name,
        "versions": await _versions(gateway, model),
        "platform": "bigdl",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": tensors,
    }


@_models.get(
    "/ready",
    summary="Whether images for a model are taken",
    responses={200: {"model": documents.ModelReady}, **problems("not-found", "not-ready")},
)
async def read_model_ready(gateway: TheGateway, model: TheModel) -> dict[str, Any]:
    """Installed, and the gateway is ready."""
    await _versions(gateway, model)
    require_ready(gateway.readiness())
    return {"name": model.name, "ready": True}


@_models.post(
    "/infer",
    summary="Classify images and wait for their results",
    response_class=Response,
    openapi_extra=_BODY,
    responses={
        200: {
            "description": f"The results of all images; with outputs in binary form {_JSON_LENGTH} gives the JSON's "
            "length, and they follow it",
            "model": documents.InferenceAnswer,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems("bad-request", "not-found", "timeout", "too-large", "unsupported-type"),
        **problems("too-many-pixels", "empty", "truncated", "corrupt", "key-reused"),
        **problems("kafka-unavailable", "overloaded", "delivery-unknown", "stopping"),
        **problems("classification-failed"),
        **problems("no-result-yet"),
    },
)
async def infer(
    request: Request,
    headers: Annotated[InferenceHeaders, Header()],
    gateway: TheGateway,
    model: TheModel,
) -> Response:
    """All images or none: one that is refused or fails is the answer, as a problem document that names it."""
    started, body = time.perf_counter(), gateway.uploads.reserve()
    try:
        await _versions(gateway, model)
        inference = await _read(request, gateway, headers.inference_header_content_length, body)
        batch = Batch(str(model), caller_id(request), headers, started)
        results = await classify(gateway.uploads, batch, inference, body)
    except ClientDisconnect:
        gateway.metrics.disconnects.inc()
        raise
    finally:
        body.release()
    content, json_bytes = write_answer(inference, results)
    if json_bytes is None:
        return Response(content, media_type="application/json")
    return Response(content, 200, {_JSON_LENGTH: str(json_bytes)}, "application/octet-stream")


async def _read(request: Request, gateway: Gateway, json_bytes: int | None, body: Reservation) -> Inference:
    settings = gateway.settings
    # Base64 costs a third, and parsing it several copies: larger batches have to come in binary form.
    json_limit = settings.max_image_bytes * 4 // 3 + _JSON_EXTRA_BYTES
    limit = json_limit if json_bytes is None else settings.gateway_max_upload_bytes

    try:
        if json_bytes is not None and json_bytes > json_limit:
            raise MalformedInference(f"header '{_JSON_LENGTH}': JSON of at most {json_limit} bytes is taken")
        whole = await read_whole(request, gateway, body, limit)
        return await asyncio.to_thread(read_request, whole, json_bytes, settings.gateway_max_files)
    except MalformedInference as error:
        raise gateway.uploads.refused(Problem("bad-request", str(error))) from error


async def _versions(gateway: Gateway, model: AskedModel) -> list[str]:
    """The installed versions that `model` may mean; at least one."""
    settings = gateway.settings
    found = await asyncio.to_thread(list_models, settings.models_dir, settings.default_model)
    of_name = [known["version"] for known in found if known["name"] == model.name]
    versions = [version for version in of_name if model.version in (None, version)]
    if not versions:
        raise Problem("not-found", f"there is no model {str(model)!r}")
    return versions


router.include_router(_models, prefix="/models/{model}", dependencies=[Depends(_by_name)])
router.include_router(_models, prefix="/models/{model}/versions/{version}", dependencies=[Depends(_by_version)])
