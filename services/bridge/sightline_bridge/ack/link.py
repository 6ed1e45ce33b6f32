"""One connection of a sender of the acknowledged protocol."""

import select
import socket
import ssl
import time
from collections import deque
from contextlib import suppress
from typing import Final, final

from sightline_bridge.ack.messages import ANSWER_BYTES, decode_answer, encode_hello
from sightline_bridge.ack.outbox import Outbox
from sightline_bridge.framing import FrameError
from sightline_bridge.guard.tls_session import RECORD_BYTES
from sightline_bridge.sender_socket import SenderTls, connect

# The bridge gives a sign of life every 15 s while frames wait: three times that, and it is gone.
SILENCE_S: Final = 45.0
# It says WELCOME at once, unless it waits for something else than HELLO.
WELCOME_S: Final = 5.0
_READ_BYTES: Final = 64 * ANSWER_BYTES
_VECTOR: Final = 16  # buffers in one call of the kernel; its limit is far higher


class LinkLost(Exception):
    """The connection has ended; the message says why."""


@final
class Link:
    """One connection that the bridge has not necessarily welcomed yet."""

    def __init__(self, address: tuple[str, int], sender_id: str, outbox: Outbox, tls: SenderTls | None) -> None:
        """Connect. Raises OSError."""
        self._outbox = outbox
        self._socket = connect(address, tls)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._received = bytearray()
        self._unwritten: deque[memoryview] = deque([memoryview(encode_hello(sender_id))])  # then head, payload, head ..
        self._in_piece = False  # the first of them is what is left of one
        self._heard_at = time.monotonic()
        outbox.connected()

    def close(self) -> None:
        """Leave nothing open."""
        self._socket.close()

    def finish(self) -> None:
        """Close in good order: with TLS, say so, since anyone in between can close a connection."""
        if isinstance(self._socket, ssl.SSLSocket):
            with suppress(OSError):  # the bridge has not said the same yet, which nothing waits for, or it is gone
                self._socket.unwrap()
        self._socket.close()

    def exchange(self, timeout_s: float) -> None:
        """Write and read what is possible, waiting at most `timeout_s` for the first of it.

        Raises:
            LinkLost: the bridge left, said something wrong, or nothing at all.
            OSError: the connection broke.
        """
        self._refill()
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._read()  # what TLS has taken off the wire no poll sees any more
        self._poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._unwritten else 0))
        events = dict(self._poll.poll(timeout_s * 1000)).get(self._socket.fileno(), 0)
        if events & ~select.POLLOUT:
            self._read()
        elif len(self._outbox) and time.monotonic() - self._heard_at > self._patience_s:
            raise LinkLost(f"the bridge has been silent for {self._patience_s:g} s")
        if events & select.POLLOUT:
            self._write()

    @property
    def _patience_s(self) -> float:
        return SILENCE_S if self._outbox.welcomed else WELCOME_S

    def _refill(self) -> None:
        if self._outbox.welcomed and not self._outbox.under_way:
            self._heard_at = time.monotonic()  # it had nothing to say before
        while len(self._unwritten) < _VECTOR and (letter := self._outbox.next_letter()) is not None:
            self._unwritten += (memoryview(letter.head), memoryview(letter.payload))

    def _write(self) -> None:
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                written = self._socket.send(self._unwritten[0][:RECORD_BYTES])
            else:
                pieces = [self._unwritten[at] for at in range(min(_VECTOR, len(self._unwritten)))]
                written = self._socket.sendmsg(pieces)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        while written:
            piece = self._unwritten.popleft()
            self._in_piece = written < len(piece)
            if self._in_piece:
                self._unwritten.appendleft(piece[written:])
            written -= min(written, len(piece))

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except ssl.SSLWantReadError:  # half a record
            return
        if not data:
            raise LinkLost(f"the bridge left ({self._outbox.farewell() or 'without a word'})")
        self._heard_at = time.monotonic()
        self._received += data
        while len(self._received) >= ANSWER_BYTES:
            answer = bytes(self._received[:ANSWER_BYTES])
            del self._received[:ANSWER_BYTES]
            try:
                self._outbox.take(decode_answer(answer))
            except FrameError as error:
                raise LinkLost(error.detail) from error
        if self._outbox.goodbye is not None:
            self._unwrite()

    def _unwrite(self) -> None:
        """Begin no further frame; the bridge reads what has begun to its end, even when it leaves."""
        in_head = not len(self._unwritten) % 2 and self._in_piece
        begun = 2 if in_head else len(self._unwritten) % 2
        while len(self._unwritten) > begun:
            self._unwritten.pop()
