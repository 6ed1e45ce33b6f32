"""What a connection needs of whoever is at the other end."""

from typing import Protocol, runtime_checkable


class ByteStream(Protocol):
    """Bytes from one peer, cut anywhere, and (where the peer can listen) bytes back to it."""

    @property
    def peer(self) -> str:
        """Who is at the other end: an IP address, or the path of a device or socket."""

    @property
    def unread_bytes(self) -> int:
        """Bytes received and not yet taken by `read`."""

    async def read(self) -> bytes:
        """The next chunk; empty when the peer closed or `end_reading` was called. A cancelled `read` loses nothing.

        Raises:
            OSError: the stream broke; chunks received before come first.
        """

    async def write(self, data: bytes) -> None:
        """Send `data`; returns once there is room for more, which a peer that does not read delays for ever.

        Raises:
            OSError: the stream broke, or nobody can be answered on it.
        """

    def end_reading(self) -> None:
        """Take nothing more from the peer; a `read` under way returns what is there, then empty."""

    async def take_leave(self) -> None:
        """Say that nothing more follows, then throw away what the peer sends until it leaves, which may be never.

        To be called before `close` where the peer may still be sending: bytes that nobody read make the kernel reset
        the connection, and the last that was written is lost with it.
        """

    def close(self) -> None:
        """Close in good order: all that the peer sent was taken."""

    def reset(self) -> None:
        """Close so that the peer knows, where it can, that not all it sent was taken."""


@runtime_checkable
class InPlaceStream(ByteStream, Protocol):
    """A ByteStream whose bytes can be written where they are wanted, which saves a copy of each large frame."""

    async def read_into(self, place: memoryview) -> int:
        """Fill the beginning of `place` with the next bytes, and say with how many; 0 where `read` gives none.

        A cancelled call loses nothing: the next one gives what came. Raises as `read`.
        """
