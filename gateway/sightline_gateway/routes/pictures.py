"""What an image looks like: its thumbnail, and the file itself."""

from contextlib import ExitStack
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from sightline_contracts.origins import Origin
from sightline_gateway.openapi import Responses, problems
from sightline_gateway.pictures.download import Download
from sightline_gateway.pictures.frames import EDGE
from sightline_gateway.problems import Problem
from sightline_gateway.routes.results import check_may_come
from sightline_gateway.routes.uploads import POLL_AFTER_S
from sightline_gateway.state import Gateway, TheGateway

router = APIRouter(tags=["pictures"])

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
# An id never gets other bytes. Private: a proxy must not show images to those without a key.
_KEPT: Final = {"Cache-Control": "private, max-age=604800, immutable"}


def _answers(description: str, content: tuple[str, ...], *own: str) -> Responses:
    """The answers of a picture: 200 with one of the types `content`, and the problems, its `own` among them."""
    return {
        200: {"description": description, "content": dict.fromkeys(content, _BINARY)},
        304: {"description": "As `If-None-Match` has it"},
        **problems("bad-request", "not-found", *own, "expired", "image-gone"),
        **problems("kafka-unavailable", "overloaded", "stopping"),
    }


@router.get(
    "/v1/images/{image_id}/thumbnail",
    summary="A small picture of an image",
    response_class=Response,
    responses=_answers(f"At most {EDGE} pixels a side", ("image/webp",), "no-thumbnail"),
)
async def read_thumbnail(
    image_id: str, gateway: TheGateway, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Made when it is first asked for, from the image that Kafka keeps, and upright."""
    headers = {"ETag": f'"{image_id}-{EDGE}"', **_KEPT}
    if _is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    thumbnail = await gateway.pictures.thumbnail(image_id, await _origin(gateway, image_id))
    return Response(thumbnail, headers=headers, media_type="image/webp")


@router.get(
    "/v1/images/{image_id}/original",
    summary="An image as it was sent",
    response_class=Response,
    responses=_answers("The file, to be saved under its name", ("image/*", "application/octet-stream")),
)
async def read_original(
    image_id: str, gateway: TheGateway, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Byte for byte, also of an image that could not be classified."""
    headers = {"ETag": f'"{image_id}"', **_KEPT}
    if _is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    origin = await _origin(gateway, image_id)
    with ExitStack() as held:
        held.enter_context(gateway.pictures.download())
        image = await gateway.pictures.original(image_id, origin)
        return Download(image, image_id, headers, held.pop_all(), gateway.bodies.pace)


async def _origin(gateway: Gateway, image_id: str) -> Origin:
    origin = await gateway.view.find_origin(image_id)
    if origin is not None:
        return origin
    if await gateway.view.find(image_id) is not None:
        raise Problem("not-found", f"the result of image {image_id} does not say where the image is")
    if await gateway.view.find_pending(image_id) is None:
        check_may_come(gateway, image_id)
    detail = f"image {image_id} has no result yet: until then only the gateway that took it can show it"
    raise Problem("not-found", detail, headers={"Retry-After": POLL_AFTER_S})


def _is_known(if_none_match: str | None, tag: str) -> bool:
    return tag in (known.strip().removeprefix("W/") for known in (if_none_match or "").split(","))
