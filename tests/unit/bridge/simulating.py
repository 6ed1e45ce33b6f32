"""What `sightline-simulate` sends to: a server that keeps what comes."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.simulate.command import main
from tests.unit.bridge.datagrams import KIB
from tests.unit.bridge.wire import parse


class Server:
    """Takes any number of connections, keeps the bytes of each, closes in order after the peer did."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._threads: list[threading.Thread] = []
        self._received: dict[int, bytes] = {}
        self.cut_off = 0
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def received(self) -> list[bytes]:
        """What each connection brought, in the order in which they came."""
        return [wire for _, wire in sorted(self._received.items())]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(10)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._read, args=(len(self._threads), connection))
            self._threads.append(thread)
            thread.start()

    def _read(self, number: int, connection: socket.socket) -> None:
        taken = b""
        with connection:
            try:
                while data := connection.recv(65_536):
                    taken += data
            except ConnectionResetError:
                self.cut_off += 1
        self._received[number] = taken


@contextmanager
def serving(listener: socket.socket | None = None) -> Iterator[Server]:
    server = Server(listener or socket.create_server(("127.0.0.1", 0)))
    try:
        yield server
    finally:
        server.close()


def frames_in(wire: bytes, framing: str = "fixed28") -> list[Frame]:
    """The whole frames of a stream that may end inside one."""
    return parse(FRAMINGS[framing].parser(10 * KIB * KIB), [wire])


def simulator(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "sightline_bridge.simulate.command", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def simulate(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["sightline-simulate", *map(str, arguments)])
    ours = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        main()
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
