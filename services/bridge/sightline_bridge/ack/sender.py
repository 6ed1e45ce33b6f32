"""The sending side of the acknowledged protocol: one blocking thread, and as many connections as it takes."""

import random
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, final

from sightline_bridge.ack.messages import ANSWER_BYTES, AnswerKind, decode_answer, encode_hello
from sightline_bridge.ack.outbox import Outbox, Refusal
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FrameError
from sightline_bridge.guard.tls_session import RECORD_BYTES
from sightline_bridge.sender_socket import SenderTls, connect

# The bridge gives a sign of life every 15 s while frames wait: three times that, and it is gone.
SILENCE_S: Final = 45.0
FIRST_RETRY_S: Final = 0.1  # below it a bridge that comes back is flooded with attempts
LAST_RETRY_S: Final = 5.0  # above it a sender stays idle noticeably long after the bridge is back
# What is kept for sending again. Smaller, and a round trip to Kafka limits the speed; larger, and it is only memory.
MOST_BYTES: Final = 64 * 1024 * 1024
PATIENCE_S: Final = 300.0
_READ_BYTES: Final = 64 * ANSWER_BYTES
_VECTOR: Final = 16  # buffers in one call of the kernel; its limit is far higher


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the frames so far: `payload_bytes` and `seconds` count from the first frame."""

    acknowledged: int
    payload_bytes: int
    sent_again: int
    refused: tuple[Refusal, ...]
    connections: int
    seconds: float

    @property
    def frames(self) -> int:
        """Frames that were answered for."""
        return self.acknowledged + len(self.refused)

    @property
    def megabytes_per_s(self) -> float:
        """Payload throughput, MB = 10^6 bytes."""
        return self.payload_bytes / 1e6 / self.seconds if self.seconds else 0.0


class _LinkLost(Exception):
    """The connection has ended; the message says why."""


@final
class _Link:
    """One connection that the bridge has not necessarily welcomed yet."""

    def __init__(self, address: tuple[str, int], sender_id: str, outbox: Outbox, tls: SenderTls | None) -> None:
        """Connect. Raises OSError."""
        self._outbox = outbox
        self._socket = connect(address, tls)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._received = bytearray()
        self._unwritten: deque[memoryview] = deque([memoryview(encode_hello(sender_id))])
        self._heard_at = time.monotonic()
        outbox.connected()

    def close(self) -> None:
        self._socket.close()

    def exchange(self, timeout_s: float) -> None:
        """Write and read what is possible, waiting at most `timeout_s` for the first of it.

        Raises:
            _LinkLost: the bridge left, said something wrong, or nothing at all.
            OSError: the connection broke.
        """
        self._refill()
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._read()  # what TLS has taken off the wire no poll sees any more
        self._poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._unwritten else 0))
        events = dict(self._poll.poll(timeout_s * 1000)).get(self._socket.fileno(), 0)
        if events & ~select.POLLOUT:
            self._read()
        elif len(self._outbox) and time.monotonic() - self._heard_at > SILENCE_S:
            raise _LinkLost(f"the bridge has been silent for {SILENCE_S:g} s")
        if events & select.POLLOUT:
            self._write()

    def _refill(self) -> None:
        if not self._outbox.under_way:
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
            if written < len(piece):
                self._unwritten.appendleft(piece[written:])
            written -= min(written, len(piece))

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except ssl.SSLWantReadError:  # half a record
            return
        if not data:
            raise _LinkLost(f"the bridge left ({self._outbox.farewell() or 'without a word'})")
        self._heard_at = time.monotonic()
        self._received += data
        while len(self._received) >= ANSWER_BYTES:
            answer = bytes(self._received[:ANSWER_BYTES])
            del self._received[:ANSWER_BYTES]
            try:
                self._outbox.take(decode_answer(answer))
            except FrameError as error:
                raise _LinkLost(error.detail) from error


@final
class AckSender:
    """Sends frames until the bridge has acknowledged or refused each, over as many connections as it takes.

    Use it in a `with`, call `send` for each frame and `finish` after the last. The image id of a frame follows from
    `sender_id`, the number of the frame and its bytes: who sends the same again under the same id changes nothing.
    """

    def __init__(
        self,
        address: tuple[str, int],
        sender_id: str,
        *,
        patience_s: float = PATIENCE_S,
        on_lost: Callable[[str], object] = lambda _: None,
        tls: SenderTls | None = None,
    ) -> None:
        """`patience_s`: give up when so long nothing was acknowledged; `on_lost` is told why a connection ended.

        Raises:
            SendError: `sender_id` is no id.
        """
        try:
            encode_hello(sender_id)
        except FrameError as error:
            raise SendError(error.detail) from error
        self._address = address
        self._sender_id = sender_id
        self._patience_s = patience_s
        self._on_lost = on_lost
        self._tls = tls
        self._outbox = Outbox(most_bytes=MOST_BYTES)
        self._link: _Link | None = None
        self._retry_s = FIRST_RETRY_S
        self._retry_at = 0.0
        self._connections = 0
        self._payload_bytes = 0
        self._settled = 0
        self._started = self._progress_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._link is not None:
            self._link.close()

    @property
    def so_far(self) -> Delivered:
        """What became of the frames until now."""
        return Delivered(
            acknowledged=self._outbox.acknowledged,
            payload_bytes=self._payload_bytes,
            sent_again=self._outbox.sent_again,
            refused=tuple(self._outbox.refused),
            connections=self._connections,
            seconds=time.monotonic() - self._started,
        )

    def send(self, name: str | None, payload: bytes, content_type: str | None = None) -> int:
        """Send one frame and return its id, waiting while the window is full.

        Raises:
            SendError: it cannot be written, the bridge refuses this sender, or patience is at its end.
        """
        while not self._outbox.has_room(len(payload)):
            self._step(1.0)
        if not len(self._outbox):
            self._progress_at = time.monotonic()
        try:
            frame_id = self._outbox.add(name, payload, content_type)
        except FrameError as error:
            raise SendError(f"{name}: {error.detail}") from error
        self._payload_bytes += len(payload)
        self._step(0.0)
        return frame_id

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass, and meanwhile send and hear what there is."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if len(self._outbox):
                self._step(left)
            else:
                time.sleep(left)

    def cut(self) -> None:
        """Lose the connection, as by a fault of the network: what is not acknowledged goes over the next one."""
        if self._link is not None:
            self._lost("cut on purpose")

    def finish(self) -> Delivered:
        """Wait until all is acknowledged or refused. Raises SendError as `send` does."""
        while len(self._outbox):
            self._step(1.0)
        return self.so_far

    def _step(self, timeout_s: float) -> None:
        """Send and hear what is possible within `timeout_s`, over a new connection when there is none."""
        try:
            if self._link is None:
                time.sleep(min(max(0.0, self._retry_at - time.monotonic()), timeout_s))
                if time.monotonic() < self._retry_at:
                    return
                self._link = _Link(self._address, self._sender_id, self._outbox, self._tls)
                self._connections += 1
            self._link.exchange(timeout_s)
        except (OSError, _LinkLost) as error:
            self._lost(error.strerror or str(error) if isinstance(error, OSError) else str(error))
        self._note_progress()

    def _note_progress(self) -> None:
        settled = self._outbox.acknowledged + len(self._outbox.refused)
        if settled > self._settled:
            self._settled, self._progress_at, self._retry_s = settled, time.monotonic(), FIRST_RETRY_S
        elif len(self._outbox) and time.monotonic() - self._progress_at > self._patience_s:
            raise SendError(f"{self._where} acknowledged nothing for {self._patience_s:g} s", settled)

    def _lost(self, reason: str) -> None:
        """Forget the connection; the next one has to wait a little longer, and not as long as other senders do."""
        if self._link is not None:
            self._link.close()
            self._link = None
        goodbye = self._outbox.goodbye
        if goodbye is not None and goodbye.kind is AnswerKind.GOODBYE and not goodbye.again:
            raise SendError(f"{self._where} refuses this sender ({self._outbox.farewell()})", self._outbox.acknowledged)
        self._on_lost(reason)
        self._retry_at = time.monotonic() + random.uniform(0.5, 1.0) * self._retry_s  # noqa: S311 -- only jitter
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)

    @property
    def _where(self) -> str:
        host, port = self._address
        return f"{host}:{port}"


def send_acknowledged(
    sender: AckSender,
    images: Iterable[tuple[str, bytes]],
    *,
    rate: float | None = None,
    progress: Callable[[Delivered], None] | None = None,
) -> Delivered:
    """Send `images` (name, bytes), at most `rate` a second; returns once each is acknowledged or refused.

    `progress` is called after each frame.

    Raises:
        SendError: see AckSender; or `images` raised it.
    """
    start = time.monotonic()
    for number, (name, payload) in enumerate(images):
        if rate is not None:
            sender.wait(start + number / rate - time.monotonic())
        sender.send(name, payload)
        if progress is not None:
            progress(sender.so_far)
    return sender.finish()
