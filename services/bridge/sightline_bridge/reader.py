"""The socket's side of a connection: chunks as they come, and flow control towards the peer."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import final

# Reading pauses when this much is unread: below two of asyncio's reads (256 KiB) it would pause for each of them, above
# it only adds memory for every connection. One more read may be under way, so a connection holds at most 768 KiB.
HIGH_WATER_BYTES = 512 * 1024

# A peer whose cable was pulled is noticed after 15 s of silence and 3 unanswered probes, 5 s apart, even while its
# connection waits for Kafka and no idle time runs.
KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))


@final
class ChunkReader(asyncio.Protocol):
    """Hands over received chunks without copying them, and stops reading while they are not taken.

    Kernel buffers then fill and TCP's window closes, so that the peer waits.
    """

    def __init__(self, on_connected: "Callable[[ChunkReader], None]") -> None:
        self._on_connected = on_connected
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._unread = 0
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Event()

    @property
    def unread_bytes(self) -> int:
        """Bytes received and not yet taken by `read`."""
        return self._unread

    @property
    def peer_host(self) -> str:
        """The peer's IP address."""
        return str(self._connected().get_extra_info("peername")[0])

    async def read(self) -> bytes:
        """The next chunk; empty when the peer closed or `end_reading` was called.

        Raises:
            OSError: the connection broke; chunks received before come first.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        chunk = self._chunks.popleft()
        self._unread -= len(chunk)
        if self._paused and not self._chunks:
            self._paused = False
            self._connected().resume_reading()
        return chunk

    def end_reading(self) -> None:
        """Take nothing more from the peer; a `read` under way returns what is there, then empty."""
        self._connected().pause_reading()
        self._paused = False  # nothing resumes it
        self._ended = True
        self._changed.set()

    def close(self) -> None:
        """Close in good order (FIN): all that the peer sent was taken."""
        self._connected().close()

    def reset(self) -> None:
        """Close with a reset, so that the peer knows that not all it sent was taken."""
        transport = self._connected()
        linger_off = struct.pack("ii", 1, 0)
        if not transport.is_closing():
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)
        transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE:
            peer.setsockopt(socket.IPPROTO_TCP, option, value)
        self._on_connected(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._chunks.append(data)
        self._unread += len(data)
        if self._unread >= HIGH_WATER_BYTES and not self._paused and not self._ended:
            self._paused = True
            self._connected().pause_reading()
        self._changed.set()

    def eof_received(self) -> bool:
        """See asyncio.Protocol; our direction stays open until the frames are flushed."""
        self._ended = True
        self._changed.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._ended = True
        self._error = exc
        self._changed.set()

    def _connected(self) -> asyncio.Transport:
        assert self._transport is not None, "asyncio calls connection_made first"
        return self._transport
