"""A request body as one value, held in the byte budget while it arrives."""

from fastapi import Request

from sightline_gateway.body import BodyTooLarge, BodyTooSlow, Stopping, content_length
from sightline_gateway.problems import body_problem
from sightline_gateway.state import Gateway
from sightline_gateway.uploads import Reservation


async def read_whole(request: Request, gateway: Gateway, reservation: Reservation, limit: int) -> bytes:
    """The body of `request`, at most `limit` bytes; `reservation` grows with it.

    Raises:
        Problem: it is too large or too slow, the budget has no room, or the gateway stops.
        ClientDisconnect: the sender left.
    """
    chunks: list[bytes] = []

    def keep(chunk: bytes) -> None:
        gateway.uploads.hold(reservation, len(chunk))
        chunks.append(chunk)

    try:
        await gateway.bodies.read(request, limit, keep)
    except (BodyTooLarge, BodyTooSlow, Stopping) as error:
        raise gateway.uploads.refused(body_problem(error, limit, content_length(request))) from error
    return b"".join(chunks)
