"""Reading results: one image, the newest images, and the live stream."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from sightline_gateway import documents
from sightline_gateway.event_stream import EventStream
from sightline_gateway.openapi import problems
from sightline_gateway.problems import Problem
from sightline_gateway.routes.uploads import POLL_AFTER_S
from sightline_gateway.state import TheGateway
from sightline_gateway.view.positions import parse_positions

router = APIRouter(tags=["results"])

_MAX_PAGE: Final = 500


@router.get(
    "/v1/images/{image_id}",
    summary="One image's result",
    response_class=Response,
    responses={
        200: {"description": "The result", "model": documents.Result},
        202: {"description": "Accepted, no result yet: ask again", "model": documents.Pending},
        **problems("not-found"),
    },
)
async def read_image(image_id: str, gateway: TheGateway) -> Response:
    """The newest result of the image."""
    document = await gateway.view.find(image_id)
    if document is not None:
        return Response(document, media_type="application/json")
    pending = await gateway.view.find_pending(image_id)
    if pending is None and (document := await gateway.view.find(image_id)) is not None:
        return Response(document, media_type="application/json")  # it arrived between the two looks
    if pending is None:
        raise Problem("not-found", f"no image {image_id!r} was accepted here, or its result is no longer kept")
    body = documents.encode(documents.pending(pending.id, pending.name))
    return Response(body, 202, {"Retry-After": POLL_AFTER_S}, "application/json")


@router.get(
    "/v1/images",
    summary="Results, newest first",
    response_class=Response,
    responses={200: {"description": "A page", "model": documents.ResultPage}, **problems("bad-request")},
)
async def list_images(
    gateway: TheGateway,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE, description="most results of the page")] = 50,
    cursor: Annotated[str | None, Query(max_length=512, description="`next` of the page before")] = None,
) -> Response:
    """Pages do not shift when results arrive meanwhile."""
    try:
        after = None if cursor is None else documents.parse_cursor(cursor)
    except ValueError as error:
        raise Problem("bad-request", "query parameter 'cursor': not a cursor of this API") from error
    found, key = await gateway.view.newest(limit, after)
    return Response(documents.page(found, key), media_type="application/json")


@router.get(
    "/v1/results/stream",
    summary="Results as they come, as server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "`event: result` with the result document as data. Its id is a position in the results "
            "topic: send it as `Last-Event-ID` to get what was missed. A reader that is too slow gets `event: dropped` "
            "and the stream ends.",
            "content": {"text/event-stream": {"example": "id: 0:17,1:4@5f3a9c1e\nevent: result\ndata: {...}\n\n"}},
        },
        **problems("bad-request", "overloaded"),
    },
)
async def stream_results(gateway: TheGateway, last_event_id: Annotated[str | None, Header()] = None) -> Response:
    """Delivers at least once: after a reconnect to another replica an event can come again."""
    since = parse_positions(last_event_id) if last_event_id else None
    if last_event_id and since is None:
        raise Problem("bad-request", "header 'Last-Event-ID': not an event id of this stream")
    if gateway.view.live.readers >= gateway.settings.gateway_stream_clients:
        raise Problem("overloaded", "too many readers of the live stream")
    return EventStream(gateway.view.live.events(since, gateway.view.after), gateway.metrics)
