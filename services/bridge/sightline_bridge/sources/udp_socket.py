"""A UDP socket to receive on, and what the kernel says of it."""

import socket
import struct
from typing import Final, final

from sightline_bridge.datagram.outcomes import Sender

# Linux's own view of a socket's memory; its last number counts the datagrams that it dropped. Unlike the ancillary
# data of SO_RXQ_OVFL it can be asked for at any time and costs nothing for each datagram. Python has no name for it.
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
_UINT32: Final = 2**32
_LARGEST_DATAGRAM: Final = 65_535


@final
class UdpSocket:
    """Bound and never blocking; hands out each datagram in one buffer, which the next one overwrites."""

    def __init__(self, family: int, address: tuple[object, ...], receive_buffer_bytes: int) -> None:
        """Bind to `address`, as `getaddrinfo` gives it. Raises OSError when it cannot be used."""
        self._buffer = bytearray(_LARGEST_DATAGRAM)
        self._view = memoryview(self._buffer)
        self._drops = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            self._socket.bind(address)
        except BaseException:
            self._socket.close()
            raise

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._socket.getsockname()[1])

    @property
    def receive_buffer_bytes(self) -> int:
        """What the kernel gives for datagrams that are not read yet: no more than net.core.rmem_max."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # it doubles it for its own needs

    def fileno(self) -> int:
        """For the event loop."""
        return self._socket.fileno()

    def receive(self) -> tuple[Sender, memoryview] | None:
        """The next datagram, to be used before the next call; None when there is none now."""
        try:
            size, address = self._socket.recvfrom_into(self._buffer)
        except BlockingIOError:
            return None
        return (address[0], address[1]), self._view[:size]

    def new_drops(self) -> int:
        """Datagrams that the kernel dropped since the last call: its buffer was full, or their checksum was wrong."""
        drops: int = _MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1]
        new, self._drops = (drops - self._drops) % _UINT32, drops
        return new

    def close(self) -> None:
        """Close; what the kernel still holds is lost."""
        self._socket.close()
