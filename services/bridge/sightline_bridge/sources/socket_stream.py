"""A ByteStream over a socket (TCP, Unix): chunks as they come, and flow control in both directions."""

import asyncio
import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import final

# Reading pauses when this much is unread. It is held for every connection and outside the budget, which counts frames;
# less, and connections of small frames pause for each read.
HIGH_WATER_BYTES = 64 * 1024

# Where bytes arrive that nobody has a place for yet. One for all connections: they are copied out before anything else
# is read. Larger, and more than the high water of them is held; smaller, and small frames take more reads.
_SCRATCH = memoryview(bytearray(HIGH_WATER_BYTES))

# A peer whose cable was pulled is noticed after 15 s of silence and 3 unanswered probes, 5 s apart, even while its
# connection waits for Kafka and no idle time runs. The kernel sends no probes while bytes of ours are not confirmed:
# those may take 30 s (in milliseconds) then.
KEEP_ALIVE = (
    (socket.TCP_KEEPIDLE, 15),
    (socket.TCP_KEEPINTVL, 5),
    (socket.TCP_KEEPCNT, 3),
    (socket.TCP_USER_TIMEOUT, 30_000),
)


@final
class SocketStream(asyncio.BufferedProtocol):
    """Lets the socket write straight into a frame where one waits for bytes, and hands over chunks where none does.

    Reading stops while chunks are not taken. Kernel buffers then fill and TCP's window closes, so that the peer waits.
    """

    def __init__(self, on_connected: "Callable[[SocketStream], None]") -> None:
        self._on_connected = on_connected
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._unread = 0
        self._place: memoryview | None = None  # of who waits in `read_into`
        self._placed = 0  # bytes that were written there
        self._paused = False
        self._ended = False
        self._left = False  # the peer has closed, or its side of the connection
        self._leaving = False  # what comes is thrown away
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self._lost = False
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def unread_bytes(self) -> int:
        """See ByteStream."""
        return self._unread

    @property
    def peer(self) -> str:
        """The peer's IP address; `unix` when it has none."""
        address = self._connected().get_extra_info("peername")
        return str(address[0]) if isinstance(address, tuple) else "unix"

    async def read(self) -> bytes:
        """See ByteStream."""
        while not self._chunks:
            if self._at_end():
                return b""
            await self._change()
        return self._take_chunk()

    async def read_into(self, place: memoryview) -> int:
        """See InPlaceStream."""
        self._placed = 0
        if not self._chunks:
            self._place = place
            try:
                while not self._placed:
                    if self._at_end():
                        return 0
                    await self._change()
            except asyncio.CancelledError:
                self._keep(place)
                raise
            finally:
                self._place = None
            return self._placed
        chunk = self._take_chunk()
        count = min(len(chunk), len(place))
        place[:count] = chunk[:count]
        if count < len(chunk):
            self._chunks.appendleft(chunk[count:])
            self._unread += len(chunk) - count
        return count

    async def write(self, data: bytes) -> None:
        """See ByteStream."""
        if not self._lost:
            self._connected().write(data)
            await self._writable.wait()
        if self._lost:
            raise self._error or ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    def push(self, data: bytes) -> None:
        """Send `data` without waiting for room: for a few last bytes before `close`."""
        if not (self._lost or self._leaving):
            self._connected().write(data)

    def end_reading(self) -> None:
        """See ByteStream."""
        self._connected().pause_reading()
        self._paused = False  # nothing resumes it
        self._ended = True
        self._changed.set()

    async def take_leave(self) -> None:
        """See ByteStream."""
        self._leaving = True
        self._chunks.clear()
        self._unread = 0
        if not self._lost:
            self._connected().write_eof()
            self._connected().resume_reading()
        while not self._left:
            await self._change()

    def close(self) -> None:
        """See ByteStream; the peer sees a FIN."""
        self._connected().close()

    def reset(self) -> None:
        """See ByteStream; the peer of a Unix socket sees it only where bytes were left unread."""
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
        if peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEP_ALIVE:
                peer.setsockopt(socket.IPPROTO_TCP, option, value)
        self._on_connected(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio.BufferedProtocol."""
        del sizehint  # always -1
        return _SCRATCH if self._place is None or self._placed else self._place

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        if self._leaving:
            return
        if self._place is None or self._placed:
            self._append(bytes(_SCRATCH[:nbytes]))
        else:
            self._placed = nbytes
        self._changed.set()

    def eof_received(self) -> bool:
        """See asyncio.Protocol; our direction stays open until the frames are flushed."""
        self._ended = self._left = True
        self._changed.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._ended = self._left = True
        self._lost = True
        self._error = exc
        self._changed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.set()

    def _append(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._unread += len(chunk)
        if self._unread >= HIGH_WATER_BYTES and not self._paused and not self._ended:
            self._paused = True
            self._connected().pause_reading()

    def _take_chunk(self) -> bytes:
        chunk = self._chunks.popleft()
        self._unread -= len(chunk)
        if self._paused and not self._chunks:
            self._paused = False
            self._connected().resume_reading()
        return chunk

    def _keep(self, place: memoryview) -> None:
        """Who waited left in the moment in which bytes came: the next to read gets them."""
        if self._placed:
            self._chunks.appendleft(bytes(place[: self._placed]))
            self._unread += self._placed

    def _at_end(self) -> bool:
        if self._error is not None:
            raise self._error
        return self._ended

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _connected(self) -> asyncio.Transport:
        assert self._transport is not None, "asyncio calls connection_made first"
        return self._transport
