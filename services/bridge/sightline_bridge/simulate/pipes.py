"""The ways for bytes to the bridge: connections and files, each blocking, so that the bridge can make us wait."""

import os
import socket
import ssl
import struct
import sys
from typing import Final, Protocol, final

from sightline_bridge.sender_socket import (
    CONNECT_TIMEOUT_S,
    NoTls,
    SenderTls,
    connect,
    end_in_order,
    is_closed,
    reason_for_sender,
)
from sightline_bridge.simulate.target import Kind, Target

_RESET: Final = struct.pack("ii", 1, 0)


class Pipe(Protocol):
    """Bytes to the bridge. Methods raise OSError when it is gone."""

    def write(self, data: bytes) -> None:
        """Send all of `data`, waiting as long as the bridge does not read."""

    def finish(self) -> bool:
        """Say that no more comes and close; whether the bridge confirmed that Kafka has all."""

    def abort(self) -> None:
        """Leave as a sender whose power is cut."""


class Opener(Protocol):
    """Makes a sender's pipes, one after another."""

    def open(self) -> Pipe:
        """A new pipe. Raises OSError."""


@final
class SocketPipe:
    """A connection, plain or with TLS."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(None)

    def write(self, data: bytes) -> None:
        """See Pipe."""
        if is_closed(self._socket):
            raise ConnectionResetError(0, "the bridge closed the connection")
        self._socket.sendall(data)

    def finish(self) -> bool:
        """See Pipe."""
        with self._socket:
            end_in_order(self._socket)
            return True

    def abort(self) -> None:
        """See Pipe: a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()


@final
class FilePipe:
    """A file, device, FIFO or standard output: nobody confirms anything."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """See Pipe."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]

    def finish(self) -> bool:
        """See Pipe."""
        self.abort()
        return False

    def abort(self) -> None:
        """See Pipe."""
        os.close(self._descriptor)


@final
class Dialler:
    """Connects to a bridge that listens, on TCP or a Unix socket."""

    def __init__(self, target: Target, tls: SenderTls | None) -> None:
        self._target = target
        self._tls = tls

    def open(self) -> Pipe:
        """See Opener."""
        if self._target.kind is Kind.TCP:
            return SocketPipe(connect((self._target.host, self._target.port), self._tls))
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.connect(str(self._target.path))
        except OSError:
            connected.close()
            raise
        return SocketPipe(connected)


@final
class Listener:
    """Waits for a bridge that dials out; all senders share it."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        """Listen. Raises OSError when the address cannot be used."""
        self._tls = tls
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        self._socket = socket.create_server((target.host, target.port), family=family)

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._socket.getsockname()[1])

    def open(self) -> Pipe:
        """See Opener: the next connection of the bridge."""
        plain = self._socket.accept()[0]
        if self._tls is None:
            return SocketPipe(plain)
        plain.settimeout(CONNECT_TIMEOUT_S)
        try:
            return SocketPipe(self._tls.wrap_socket(plain, server_side=True))
        except OSError as error:
            plain.close()
            raise NoTls(reason_for_sender(error)) from error


@final
class FileOpener:
    """A path to write to, or standard output."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def open(self) -> Pipe:
        """See Opener; a FIFO opens once the bridge reads it."""
        if self._target.kind is Kind.STDOUT:
            return FilePipe(os.dup(sys.stdout.fileno()))
        return FilePipe(os.open(self._target.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))


def opener_of(target: Target, dialling: SenderTls | None = None, serving: ssl.SSLContext | None = None) -> Opener:
    """How pipes to `target` are made, and TLS with whom we dial, or with who dials us.

    Raises:
        OSError: an address cannot be listened on.
    """
    if target.kind is Kind.TCP_LISTEN:
        return Listener(target, serving)
    if target.kind in {Kind.FILE, Kind.STDOUT}:
        return FileOpener(target)
    return Dialler(target, dialling)
