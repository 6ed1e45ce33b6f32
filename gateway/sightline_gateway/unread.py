"""Answers that their peer does not read: nothing of HTTP, nor of TCP, ends such a connection by itself."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

# A peer that is slow takes something in that time; one that takes nothing holds a connection, and what it was answered.
STALL_S: Final = 20.0
# `tcpi_bytes_acked` of Linux's tcp_info, from 4.1 on: what the peer's kernel has confirmed since the connection began.
_ACKED: Final = struct.Struct("@120xQ")


class UnreadWatch:
    """Calls `give_up` when a peer confirms nothing for `STALL_S` while answers wait for it. One a connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, give_up: Callable[[], object]) -> None:
        self._loop = loop
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Watch from now on, until all that waits has gone. Has no effect where nothing waits."""
        if self._timer is None and transport.get_write_buffer_size():
            self._look_later(transport)

    def end(self) -> None:
        """There is no connection any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self, transport: asyncio.Transport) -> None:
        self._timer = self._loop.call_later(STALL_S, self._look, transport, _progress(transport))

    def _look(self, transport: asyncio.Transport, progress: int) -> None:
        self._timer = None
        if not transport.get_write_buffer_size():
            return
        if _progress(transport) == progress:
            self._give_up()
        else:
            self._look_later(transport)


def _progress(transport: asyncio.Transport) -> int:
    """Another number as long as the peer takes something: what it confirmed, or what is left where no kernel counts."""
    connected = cast("socket.socket", transport.get_extra_info("socket"))
    info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.size)
    confirmed_bytes = int(_ACKED.unpack(info)[0]) if len(info) == _ACKED.size else 0
    return confirmed_bytes or transport.get_write_buffer_size()
