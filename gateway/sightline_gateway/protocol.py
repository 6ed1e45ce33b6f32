"""The one thing that ASGI cannot do: close a connection whose peer takes no more bytes."""

import asyncio
import socket
import struct

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_KEY = "sightline.transport"


class GatewayProtocol(H11Protocol):
    """uvicorn's HTTP protocol that lends its transport to the requests of the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport where each request's scope gets it from."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _KEY: transport}


def abort_connection(scope: Scope) -> None:
    """Drop the connection of `scope` at once with what is still buffered; a polite close would wait for the peer."""
    transport = scope.get("state", {}).get(_KEY)
    if transport is not None:
        # Without this the kernel would keep what it holds for the peer and go on offering it for minutes.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
