"""The sending side of the acknowledged protocol: one blocking thread, and as many connections as it takes."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, final

from sightline_bridge.ack.link import Link, LinkLost
from sightline_bridge.ack.messages import AnswerKind, encode_hello
from sightline_bridge.ack.outbox import Outbox, Refusal
from sightline_bridge.back_off import BackOff
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FrameError
from sightline_bridge.sender_socket import SenderTls

FIRST_RETRY_S: Final = 0.1  # below it a bridge that comes back is flooded with attempts
LAST_RETRY_S: Final = 5.0  # above it a sender stays idle noticeably long after the bridge is back
# What is kept for sending again. Smaller, and a round trip to Kafka limits the speed; larger, and it is only memory.
MOST_BYTES: Final = 64 * 1024 * 1024
PATIENCE_S: Final = 300.0
_NO_WELCOME: Final = "no WELCOME came: has this source `ack: frame`? Else look at its `tls` and `max_connections`"


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
        self._link: Link | None = None
        self._back_off = BackOff(FIRST_RETRY_S, LAST_RETRY_S)
        self._retry_at = 0.0
        self._connections = 0
        self._welcomed = False  # over any connection
        self._payload_bytes = 0
        self._settled = 0
        self._started = self._progress_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._link is not None and error is None:
            self._link.finish()
        elif self._link is not None:
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
        """Leave the connection, as by a fault of the network: what is not acknowledged goes over the next one.

        `on_lost` hears nothing of it.
        """
        if self._link is not None:
            self._leave()

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
                self._link = Link(self._address, self._sender_id, self._outbox, self._tls)
                self._connections += 1
            self._link.exchange(timeout_s)
        except (OSError, LinkLost) as error:
            self._lost(error.strerror or str(error) if isinstance(error, OSError) else str(error))
        self._note_progress()

    def _note_progress(self) -> None:
        self._welcomed |= self._outbox.welcomed
        settled = self._outbox.acknowledged + len(self._outbox.refused)
        if settled > self._settled:
            self._settled, self._progress_at = settled, time.monotonic()
            self._back_off.reset()
        elif len(self._outbox) and time.monotonic() - self._progress_at > self._patience_s:
            words = f"{self._where} acknowledged nothing for {self._patience_s:g} s"
            unmet = self._connections and not self._welcomed
            raise SendError(f"{words}; {_NO_WELCOME}" if unmet else words, self._outbox.acknowledged)

    def _lost(self, reason: str) -> None:
        """Forget the connection; the next one has to wait."""
        goodbye = self._outbox.goodbye
        if self._link is not None and goodbye is None and not self._outbox.welcomed:
            reason = f"{reason}; {_NO_WELCOME}"
        self._leave()
        if goodbye is not None and goodbye.kind is AnswerKind.GOODBYE and not goodbye.again:
            raise SendError(f"{self._where} refuses this sender ({self._outbox.farewell()})", self._outbox.acknowledged)
        self._on_lost(reason)

    def _leave(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        self._retry_at = time.monotonic() + self._back_off.next_s()

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
        SendError: see AckSender; or `images` raised it, and all before was acknowledged or refused first.
    """
    start = time.monotonic()
    for number, (name, payload) in enumerate(_each(images, sender)):
        if rate is not None:
            sender.wait(start + number / rate - time.monotonic())
        sender.send(name, payload)
        if progress is not None:
            progress(sender.so_far)
    return sender.finish()


def _each(images: Iterable[tuple[str, bytes]], sender: AckSender) -> Iterator[tuple[str, bytes]]:
    try:
        yield from images
    except SendError as error:
        raise SendError(str(error), sender.finish().acknowledged) from error
