"""POST /v1/images: one image as the raw body, or many files as a multipart form."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from sightline_gateway import documents
from sightline_gateway.forms import read_form
from sightline_gateway.guard.access import caller_id
from sightline_gateway.openapi import problems
from sightline_gateway.parameters import UploadHeaders, UploadQuery, header_fields
from sightline_gateway.state import Gateway, TheGateway
from sightline_gateway.uploads import Accepted, Upload
from sightline_gateway.whole_body import read_image


class _UploadRoute(APIRoute):
    """Reads the parameters of a well-formed upload itself: the framework takes a third of a millisecond for them.

    Whatever is wrong with them is left to the framework, which raises what the error door renders.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's, with a short way around it."""
        careful = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                query = UploadQuery.model_validate(dict(request.query_params))
                headers = UploadHeaders.model_validate(header_fields(UploadHeaders, request.headers))
            except ValidationError:
                return await careful(request)
            return await upload(request, query, headers, request.app.state.gateway)

        return handle


router = APIRouter(tags=["images"], route_class=_UploadRoute)

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
    "/v1/images",
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
