"""A request body as one value, held in the byte budget while it arrives."""

from collections.abc import Callable
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Final

from fastapi import Request

from sightline_contracts.media import Payload
from sightline_gateway.body import BodyTooLarge, BodyTooSlow, Stopping, content_length
from sightline_gateway.problems import body_problem
from sightline_gateway.state import Gateway
from sightline_gateway.uploads import Reservation

# From here on an image gets pages of its own: put together from pieces, hundreds of large ones leave the heap twice as
# large as they are. Below, they come in a piece or two, and asking for pages costs more than a copy.
_PAGED_BYTES: Final = 256 * 1024


async def read_whole(request: Request, gateway: Gateway, reservation: Reservation, limit: int) -> bytes:
    """The body of `request`, at most `limit` bytes; `reservation` grows with it.

    Raises:
        Problem: it is too large or too slow, the budget has no room, or the gateway stops.
        ClientDisconnect: the sender left.
    """
    pieces: list[bytes] = []
    await _read(request, gateway, reservation, limit, pieces.append)
    return b"".join(pieces)


async def read_image(request: Request, gateway: Gateway, reservation: Reservation) -> Payload:
    """The body of `request` that is an image; `reservation` and what is raised as in `read_whole`.

    It takes memory as it arrives, not as it is announced.
    """
    limit, declared = gateway.settings.max_image_bytes, content_length(request)
    if declared is None or not _PAGED_BYTES <= declared <= limit:
        return await read_whole(request, gateway, reservation, limit)
    pages = mmap(-1, declared, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    await _read(request, gateway, reservation, limit, pages.write)  # the server lets no more in than was announced
    return pages


async def _read(
    request: Request, gateway: Gateway, reservation: Reservation, limit: int, sink: Callable[[bytes], object]
) -> None:
    def keep(chunk: bytes) -> None:
        gateway.uploads.hold(reservation, len(chunk))
        sink(chunk)

    try:
        await gateway.bodies.read(request, limit, keep)
    except (BodyTooLarge, BodyTooSlow, Stopping) as error:
        raise gateway.uploads.refused(body_problem(error, limit, content_length(request))) from error
