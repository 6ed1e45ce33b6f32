"""The load on the bridge: prepared frames over plain sockets, from a process of its own.

    python -m bench.bridge.load HOST:PORT FILE... --connections 16 --frames 3600     as fast as the bridge takes them

Each connection comes from a loopback address of its own, as cameras do: the address names the stream, and so the
partition. Frames are laid out once, in blocks of about a megabyte, and only handed to the kernel afterwards, so that
the load takes little of the processors that it shares with the bridge. A connection that has sent its share says so
(FIN) and waits until the bridge closes: by then Kafka has acknowledged all that was read. Prints one line of JSON, the
fields of `Outcome`.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

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


class Sender:
    """One connection and what it still has to send."""

    def __init__(self, address: tuple[str, int], number: int, share: list[Block]) -> None:
        self._socket = socket.create_connection(address, source_address=(_camera(number), 0))
        self._socket.setblocking(False)
        self._left = share[::-1]
        self._unsent = memoryview(b"")
        self.sent = 0
        self.in_order = False

    def fileno(self) -> int:
        """For the selector."""
        return self._socket.fileno()

    def send(self) -> bool:
        """Send what the kernel takes; says whether that was the last."""
        while self._unsent or self._left:
            if not self._unsent:
                block = self._left.pop()
                self._unsent, self.sent = memoryview(block.wire), self.sent + block.frames
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                return False
        self._socket.shutdown(socket.SHUT_WR)
        return True

    def finish(self) -> None:
        """Note how the bridge closed: it never sends. Raises ConnectionError when that was a reset."""
        self.in_order = self._socket.recv(1) == b""
        self.close()

    def close(self) -> None:
        """End it."""
        self._socket.close()


def _camera(number: int) -> str:
    return f"127.0.{number // 250}.{number % 250 + 1}"


def run(address: tuple[str, int], files: Sequence[bytes], connections: int, frames: int) -> Outcome:
    """Send `frames` frames, shared out over `connections`, and wait for the bridge to close each of them."""
    laid = blocks(files, frames // connections)
    senders = [Sender(address, number, laid) for number in range(connections)]
    cpu_before, start = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for sender in senders:
            selector.register(sender, selectors.EVENT_WRITE, sender)
        while selector.get_map():
            for key, events in selector.select():
                _go_on(selector, key.data, events)
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu_before
    confirmed = sum(sender.in_order for sender in senders)
    return Outcome(sum(sender.sent for sender in senders), confirmed, round(seconds, 4), round(cpu_s, 4))


def _go_on(selector: selectors.BaseSelector, sender: Sender, events: int) -> None:
    try:
        if events & selectors.EVENT_READ:
            selector.unregister(sender)
            sender.finish()
        elif sender.send():
            selector.modify(sender, selectors.EVENT_READ, sender)
    except ConnectionError:  # it was reset, which is told once: a later read would find an orderly end
        if sender in selector.get_map():
            selector.unregister(sender)
        sender.close()


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="HOST:PORT of the bridge")
    parser.add_argument("files", nargs="+", type=Path, help="images of one size, sent in turn")
    parser.add_argument("--connections", type=int, default=16, help="connections (16)")
    parser.add_argument("--frames", type=int, default=1600, help="frames in all (1600)")
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    files = [file.read_bytes() for file in arguments.files]
    outcome = run((host, int(port)), files, arguments.connections, arguments.frames)
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")


if __name__ == "__main__":
    main()
