"""POST /v1/images: one image as the raw body, or many files as a multipart form."""

import asyncio
import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from sightline_gateway import documents
from sightline_gateway.errors import on_disconnect, on_problem
from sightline_gateway.forms import read_form
from sightline_gateway.guard.access import caller_id
from sightline_gateway.openapi import problems
from sightline_gateway.parameters import UploadHeaders, UploadQuery, header_fields
from sightline_gateway.problems import Problem
from sightline_gateway.state import Gateway, TheGateway
from sightline_gateway.uploads import Accepted, Upload
from sightline_gateway.whole_body import read_image

router = APIRouter(tags=["images"])

_PATH: Final = "/v1/images"
POLL_AFTER_S: Final = "1"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


@router.post(
    _PATH,
    status_code=202,
    summary="Upload one image, or many as a form",
    response_class=Response,
    openapi_extra=_BODY,
    responses={
        200: {
            "description": "With `Prefer: wait=N`, or when the Idempotency-Key is known: the result",
            "model": documents.Result | documents.Images,
        },
        202: {
            "description": "Kafka has the image; its result will be at `Location`",
            "model": documents.Pending | documents.Images,
        },
        **problems("bad-request", "timeout", "too-large", "unsupported-type", "empty", "truncated", "corrupt"),
        **problems("too-many-pixels", "empty", "truncated", "corrupt", "key-reused", "rejected"),
        **problems("kafka-unavailable", "overloaded", "delivery-unknown", "stopping"),
    },
)
async def upload(
    request: Request,
    query: Annotated[UploadQuery, Query()],
    headers: Annotated[UploadHeaders, Header()],
    gateway: TheGateway,
) -> Response:
    """Answer once Kafka has the image on all in-sync replicas; any other answer than 200 or 202 means: try again."""
    await gateway.uploads.check_callback(headers.x_callback_url)
    try:
        if (headers.content_type or "").lower().startswith("multipart/"):
            return await read_form(request, gateway, query, headers)
        return await _raw(request, gateway, query, headers)
    except ClientDisconnect:
        gateway.metrics.disconnects.inc()
        raise


class ShortWay:
    """Answers well-formed uploads before the framework, whose way to a route takes as long as the rest of an upload.

    Whatever is wrong with their parameters is left to the framework, which raises what the error door renders.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an upload; hand on all else."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            query, headers = _parameters(request)
        except ValidationError:
            await self._app(scope, receive, send)
            return
        scope["endpoint"] = upload  # which route it is, for traces
        response = await self._answer(request, query, headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request, query: UploadQuery, headers: UploadHeaders) -> Response:
        try:
            return await upload(request, query, headers, self._gateway)
        except Problem as problem:
            return await on_problem(request, problem)
        except ClientDisconnect as gone:
            return await on_disconnect(request, gone)


_NO_QUERY: Final = UploadQuery.model_validate({})


def _parameters(request: Request) -> tuple[UploadQuery, UploadHeaders]:
    """What the request says besides its body. Raises ValidationError as the framework would."""
    asked = dict(request.query_params) if request.scope["query_string"] else None
    query = UploadQuery.model_validate(asked) if asked else _NO_QUERY
    return query, UploadHeaders.model_validate(header_fields(UploadHeaders, request.headers))


async def _raw(request: Request, gateway: Gateway, query: UploadQuery, headers: UploadHeaders) -> Response:
    reservation, started = gateway.uploads.reserve(), time.perf_counter()
    try:
        image = Upload(
            key=headers.idempotency_key,
            caller=caller_id(request),
            data=await read_image(request, gateway, reservation),
            declared_type=headers.content_type,
            name=headers.x_image_name,
            stream=query.stream,
            model=query.model,
            traceparent=headers.trace,
            started=started,
            callback=headers.x_callback_url,
        )
        wait_until = None if headers.wait_s is None else asyncio.get_running_loop().time() + headers.wait_s
        accepted = await gateway.uploads.accept(image, reservation, wait_until)
    finally:
        reservation.release()
    return _answer(accepted, headers, query.top)


def _answer(accepted: Accepted, headers: UploadHeaders, top: int | None) -> Response:
    if accepted.document is not None:
        applied = {} if headers.wait_s is None else {"Preference-Applied": f"wait={headers.wait_s}"}
        return Response(documents.cut(accepted.document, top), 200, applied, "application/json")
    sent = {"Location": f"/v1/images/{accepted.id}", "Retry-After": POLL_AFTER_S, **headers.applied}
    return Response(documents.encode(documents.pending(accepted.id, accepted.name)), 202, sent, "application/json")
