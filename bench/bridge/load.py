"""The load on the bridge: prepared frames over plain sockets, from a process of its own.

    python -m bench.bridge.load HOST:PORT FILE... --frames 3600          as fast as the bridge takes them
    python -m bench.bridge.load HOST:PORT FILE... --frames 3600 --ack    and the bridge acknowledges each

Each connection comes from a loopback address of its own, as cameras do: the address names the stream, and so the
partition. Frames are laid out once, in blocks of about a megabyte, and only handed to the kernel afterwards, so that
the load takes little of the processors that it shares with the bridge. A connection that has sent its share says so
(FIN) and waits until the bridge closes: by then Kafka has acknowledged all that was read; with `--ack` it is confirmed
by the acknowledgement of its last frame. Prints one line of JSON, the fields of `Outcome`.
"""

import argparse
import errno
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final, Protocol

from bench.bridge.ack_load import AckSender
from sightline_bridge.framing import FRAMINGS

BLOCK_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Frames sent, connections that the bridge closed in order, seconds from first byte to last close, our CPU."""

    frames: int
    confirmed: int
    seconds: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Block:
    """Whole frames, one after the other, as they go over the wire."""

    wire: bytes
    frames: int


def blocks(files: Sequence[bytes], frames: int) -> list[Block]:
    """`frames` frames of the files in turn, in `fixed28`, in as few different blocks as there are sizes of them."""
    each = max(1, BLOCK_BYTES // len(files[0]))
    whole, rest = divmod(frames, each)
    laid = [Block(_wire(files, each), each)] * whole
    return laid + ([Block(_wire(files, rest), rest)] if rest else [])


def _wire(files: Sequence[bytes], frames: int) -> bytes:
    encode = FRAMINGS["fixed28"].encode_header
    pieces = (piece for file in islice(cycle(files), frames) for piece in (encode("bench.jpg", len(file)), file))
    return b"".join(pieces)


class Sender(Protocol):
    """One connection. It is confirmed once the bridge said that Kafka has all of its frames."""

    sent: int
    confirmed: bool
    wanted: int  # selector events

    def fileno(self) -> int:
        """For the selector."""

    def go_on(self, events: int) -> bool:
        """Do what the socket is ready for; says whether that was all. Raises ConnectionError when it broke."""

    def close(self) -> None:
        """End it."""


class PlainSender:
    """Sends blocks; see Sender."""

    def __init__(self, connected: socket.socket, share: list[Block]) -> None:
        self._socket = connected
        self._left = share[::-1]
        self._unsent = memoryview(b"")
        self.sent = 0
        self.confirmed = False
        self.wanted = selectors.EVENT_WRITE

    def fileno(self) -> int:
        """See Sender."""
        return self._socket.fileno()

    def go_on(self, events: int) -> bool:
        """See Sender."""
        if events & selectors.EVENT_READ:  # its close: the bridge never sends
            self.confirmed = self._socket.recv(1) == b""
            return True
        if self._send():
            end_of_frames(self._socket)
            self.wanted = selectors.EVENT_READ
        return False

    def close(self) -> None:
        """See Sender."""
        self._socket.close()

    def _send(self) -> bool:
        """Send what the kernel takes; says whether that was the last."""
        while self._unsent or self._left:
            if not self._unsent:
                block = self._left.pop()
                self._unsent, self.sent = memoryview(block.wire), self.sent + block.frames
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                return False
        return True


def end_of_frames(connected: socket.socket) -> None:
    """Tell the peer that there is no more. Raises ConnectionError when the connection was reset meanwhile."""
    try:
        connected.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno == errno.ENOTCONN:  # which is no ConnectionError
            raise ConnectionResetError(error.errno, "reset before the end of the frames") from error
        raise


def connect(address: tuple[str, int], number: int) -> socket.socket:
    """The socket of the connection with this number."""
    connected = socket.create_connection(address, source_address=(_camera(number), 0))
    connected.setblocking(False)
    return connected


def _camera(number: int) -> str:
    return f"127.0.{number // 250}.{number % 250 + 1}"


def plain(address: tuple[str, int], files: Sequence[bytes], connections: int, frames: int) -> list[Sender]:
    """Senders of `frames` frames, shared out over `connections`."""
    laid = blocks(files, frames // connections)
    return [PlainSender(connect(address, number), laid) for number in range(connections)]


def acknowledged(address: tuple[str, int], files: Sequence[bytes], connections: int, frames: int) -> list[Sender]:
    """The same, for a bridge that acknowledges each frame."""
    share = list(islice(cycle(files), frames // connections))
    # The ids of one run are its own: those of another would be duplicates.
    names = [f"bench-{os.getpid()}-{number}" for number in range(connections)]
    return [AckSender(connect(address, number), name, share) for number, name in enumerate(names)]


def run(senders: Sequence[Sender]) -> Outcome:
    """Let all send until each is confirmed or broken."""
    cpu_before, start = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for sender in senders:
            selector.register(sender, sender.wanted, sender)
        while selector.get_map():
            for key, events in selector.select():
                _go_on(selector, key, events)
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu_before
    confirmed = sum(sender.confirmed for sender in senders)
    return Outcome(sum(sender.sent for sender in senders), confirmed, round(seconds, 4), round(cpu_s, 4))


def _go_on(selector: selectors.BaseSelector, key: selectors.SelectorKey, events: int) -> None:
    sender: Sender = key.data
    try:
        over = sender.go_on(events)
    except ConnectionError as error:  # it was reset, which is told once: a later read would find an orderly end
        print(f"a connection broke: {error}", file=sys.stderr)
        over = True
    if over:
        selector.unregister(sender)
        sender.close()
    elif sender.wanted != key.events:
        selector.modify(sender, sender.wanted, sender)


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="HOST:PORT of the bridge")
    parser.add_argument("files", nargs="+", type=Path, help="images of one size, sent in turn")
    parser.add_argument("--connections", type=int, default=16, help="connections (16)")
    parser.add_argument("--frames", type=int, default=1600, help="frames in all (1600)")
    parser.add_argument("--ack", action="store_true", help="speak the acknowledged protocol")
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    files = [file.read_bytes() for file in arguments.files]
    prepare = acknowledged if arguments.ack else plain
    outcome = run(prepare((host, int(port)), files, arguments.connections, arguments.frames))
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")


if __name__ == "__main__":
    main()
