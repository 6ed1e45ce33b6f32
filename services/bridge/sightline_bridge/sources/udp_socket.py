"""A UDP socket to receive on, and what the kernel says of it."""

import contextlib
import socket
import struct
from typing import Final, NamedTuple, final

from sightline_bridge.datagram.outcomes import Sender

# Linux's own view of a socket's memory; its last number counts the datagrams that it dropped. Unlike the ancillary
# data of SO_RXQ_OVFL it can be asked for at any time and costs nothing for each datagram. Python has no name for it.
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
_UINT32: Final = 2**32
_LARGEST_RECEIVED: Final = 65_535
# Linux hands over datagrams of one sender that came in a row as one, with the size of each: a twentieth of the calls.
_SOL_UDP: Final = 17
_UDP_GRO: Final = 104
_GRO_SIZE: Final = struct.Struct("=i")
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_GRO_SIZE.size)


class Received(NamedTuple):
    """Datagrams of one sender, one after another in `data`: each of `size` bytes, the last one perhaps smaller."""

    sender: Sender
    data: memoryview
    size: int


@final
class UdpSocket:
    """Bound and never blocking; hands out datagrams in one buffer, which the next ones overwrite."""

    def __init__(self, family: int, address: tuple[object, ...], receive_buffer_bytes: int) -> None:
        """Bind to `address`, as `getaddrinfo` gives it. Raises OSError when it cannot be used."""
        self._buffer = bytearray(_LARGEST_RECEIVED)
        self._view = memoryview(self._buffer)
        self._drops = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if family == socket.AF_INET6:  # as asyncio does for TCP: a port of `::` is not taken from all of IPv4
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            with contextlib.suppress(OSError):  # Linux before 5.0: one call for each datagram, then
                self._socket.setsockopt(_SOL_UDP, _UDP_GRO, 1)
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

    def receive(self) -> Received | None:
        """The next datagrams, to be used before the next call; None when there are none now."""
        try:
            received, ancillary, _, address = self._socket.recvmsg_into([self._buffer], _ANCILLARY_BYTES)
        except BlockingIOError:
            return None
        size = received
        for level, kind, data in ancillary:
            if (level, kind) == (_SOL_UDP, _UDP_GRO):
                (size,) = _GRO_SIZE.unpack(data)
        return Received((address[0], address[1]), self._view[:received], size)

    def new_drops(self) -> int:
        """Datagrams that the kernel dropped since the last call: its buffer was full, or their checksum was wrong."""
        drops: int = _MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1]
        new, self._drops = (drops - self._drops) % _UINT32, drops
        return new

    def close(self) -> None:
        """Close; what the kernel still holds is lost."""
        self._socket.close()
