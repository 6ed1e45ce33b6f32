"""Reads sockets: bounded over all connections, and into memory that they share."""

import asyncio
from typing import Final, Protocol

# What all connections may bring in one turn of the loop, before any of it is claimed from the byte budget: 256 KB of
# each are as much as the whole budget where a thousand senders come at once. Far less, and a hundred senders wait for
# small pieces to be read.
_READ_AHEAD_BYTES: Final = 16 * 1024 * 1024
_LEAST_READ_BYTES: Final = 16 * 1024
_MOST_READ_BYTES: Final = 256 * 1024

# One for the process: what was read is parsed before anything else is, and the parser copies what it keeps.
_ARRIVED: Final = memoryview(bytearray(_MOST_READ_BYTES))


def read_ahead(connections: int) -> int:
    """How many bytes each of so many connections may bring at a time."""
    return min(max(_READ_AHEAD_BYTES // max(connections, 1), _LEAST_READ_BYTES), _MOST_READ_BYTES)


class Reader(Protocol):
    """What a connection's bytes are for."""

    @property
    def read_ahead(self) -> int:
        """How many bytes to take at a time."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """There is a connection."""

    def data_received(self, data: memoryview) -> None:
        """Take bytes; `data` is valid until this returns."""

    def eof_received(self) -> None:
        """The peer sends no more."""

    def connection_lost(self, exc: Exception | None) -> None:
        """There is no connection any more."""

    def pause_writing(self) -> None:
        """The peer does not keep up."""

    def resume_writing(self) -> None:
        """The peer has caught up."""


class Intake(asyncio.BufferedProtocol):
    """A `Reader`'s connection. asyncio lets only such a protocol say how much is read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.connection_lost = reader.connection_lost  # type: ignore[method-assign]
        self.pause_writing = reader.pause_writing  # type: ignore[method-assign]
        self.resume_writing = reader.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a connection."""
        self._reader.connection_made(transport)  # type: ignore[arg-type]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what comes next; what the loop suggests does not matter."""
        del sizehint
        return _ARRIVED[: self._reader.read_ahead]

    def buffer_updated(self, nbytes: int) -> None:
        """So much came."""
        self._reader.data_received(_ARRIVED[:nbytes])

    def eof_received(self) -> None:
        """The peer sends no more."""
        self._reader.eof_received()
