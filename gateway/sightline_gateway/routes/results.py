"""Reading results: one image, the newest images, all of them, and the live stream."""

import time
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response

from sightline_contracts.ids import image_id_time, is_image_id, is_issued
from sightline_gateway import documents
from sightline_gateway.event_stream import EventStream
from sightline_gateway.export import MAX_EXPORTS, Export
from sightline_gateway.guard.access import still_admitted
from sightline_gateway.openapi import problems
from sightline_gateway.problems import Problem
from sightline_gateway.queries import ExportQuery, FilterQuery, ListQuery, ResultQuery
from sightline_gateway.routes.uploads import POLL_AFTER_S
from sightline_gateway.state import Gateway, TheGateway
from sightline_gateway.view.positions import parse_positions

router = APIRouter(tags=["results"])

# The clock of whoever made an id without check digits may be ahead of ours by this much.
_CLOCK_SKEW_MS: Final = 60_000


@router.get(
    "/v1/images/{image_id}",
    summary="One image's result",
    response_class=Response,
    responses={
        200: {"description": "The result", "model": documents.Result},
        202: {"description": "Accepted, no result yet: ask again", "model": documents.Pending},
        **problems("bad-request", "not-found", "expired"),
    },
)
async def read_image(image_id: str, query: Annotated[ResultQuery, Query()], gateway: TheGateway) -> Response:
    """The newest result of the image."""
    document = await gateway.view.find(image_id)
    pending = None if document is not None else await gateway.view.find_pending(image_id)
    if document is None and pending is None:
        document = await gateway.view.find(image_id)  # it arrived between the two looks
    if document is not None:
        return Response(documents.cut(document, query.top), media_type="application/json")
    if pending is None:
        check_may_come(gateway, image_id)
    body = documents.encode(documents.pending(image_id, None if pending is None else pending.name))
    return Response(body, 202, {"Retry-After": POLL_AFTER_S}, "application/json")


def check_may_come(gateway: Gateway, image_id: str) -> None:
    """Judge an id that is not in the view: most tell when they were made, and whether a gateway or bridge made them.

    Raises:
        Problem: it is not the id of an image that another replica, or a bridge, has accepted and that waits.
    """
    made, now = image_id_time(image_id), time.time_ns() // 1_000_000
    if made is not None and made <= max(gateway.view.forgotten, now - gateway.settings.view_ms):
        raise Problem("expired", f"results as old as image {image_id} are no longer kept")
    if is_issued(image_id):  # also where its maker's clock is ahead
        return
    if not is_image_id(image_id) or (made is not None and made > now + _CLOCK_SKEW_MS):
        raise Problem("not-found", f"{image_id!r} is the id of no image")
    detail = f"no result of image {image_id} is known here; if another replica has just accepted it, ask again"
    raise Problem("not-found", detail, headers={"Retry-After": POLL_AFTER_S})


@router.get(
    "/v1/images",
    summary="Results, newest first",
    response_class=Response,
    responses={200: {"description": "A page", "model": documents.ResultPage}, **problems("bad-request")},
)
async def list_images(gateway: TheGateway, query: Annotated[ListQuery, Query()]) -> Response:
    """Pages do not shift when results arrive meanwhile."""
    found, key = await gateway.view.page(query.wanted, query.period, query.limit, query.after)
    page = documents.page([documents.cut(document, query.top) for document in found], key)
    return Response(page, media_type="application/json")


@router.get(
    "/v1/results/export",
    summary="All results, newest first, as newline-delimited JSON",
    response_class=Response,
    responses={
        200: {
            "description": "One result document a line. Without an orderly end of the body, lines are missing.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        **problems("bad-request", "overloaded"),
    },
)
async def export_results(gateway: TheGateway, query: Annotated[ExportQuery, Query()]) -> Response:
    """Takes the filters of the listing; results that come meanwhile are not among them."""
    if gateway.view.exports >= MAX_EXPORTS:
        raise Problem("overloaded", "too many exports are running")
    return Export(gateway.view, query)


@router.get(
    "/v1/results/stream",
    summary="Results as they come, as server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "`event: result` with the result document as data. Its id is a position in the results "
            "topic: send it as `Last-Event-ID` to get what was missed. The stream ends with `event: dropped` for a "
            "reader that is too slow, with `event: expired` for one whose key or token is no longer valid.",
            "content": {"text/event-stream": {"example": "id: 0:17,1:4@5f3a9c1e\nevent: result\ndata: {...}\n\n"}},
        },
        **problems("bad-request", "overloaded"),
    },
)
async def stream_results(
    request: Request,
    gateway: TheGateway,
    query: Annotated[FilterQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Delivers at least once: after a reconnect to another replica an event can come again."""
    since = parse_positions(last_event_id) if last_event_id else None
    if last_event_id and since is None:
        raise Problem("bad-request", "header 'Last-Event-ID': not an event id of this stream")
    if gateway.view.live.readers >= gateway.settings.gateway_stream_clients:
        raise Problem("overloaded", "too many readers of the live stream")
    events = gateway.view.live.events(since, gateway.view.after, query.wanted, query.top)
    return EventStream(events, partial(still_admitted, request), gateway.metrics)
