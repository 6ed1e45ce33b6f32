"""The sending side of a connection to the bridge: blocking, so that the bridge's back-pressure simply makes it wait."""

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, final

from sightline_bridge.errors import SendError
from sightline_bridge.framing import Frame, FrameError, Framing
from sightline_bridge.sender_socket import (
    CONFIRM_TIMEOUT_S,
    NoTls,
    SenderTls,
    connect,
    end_in_order,
    is_closed,
    reason_for_sender,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: `payload_bytes` without headers, `seconds` from the first byte to the bridge's close."""

    frames: int
    payload_bytes: int
    seconds: float

    @property
    def megabytes_per_s(self) -> float:
        """Payload throughput, MB = 10^6 bytes."""
        return self.payload_bytes / 1e6 / self.seconds if self.seconds else 0.0


@final
class FrameSender:
    """One connection. Use it in a `with`, call `send` for each frame and `finish` after the last."""

    def __init__(self, host: str, port: int, framing: Framing, tls: SenderTls | None = None) -> None:
        """Connect. Raises SendError when nobody listens there, or not one whom `tls` trusts."""
        self._framing = framing
        self._where = f"{host}:{port}"
        self._frames = 0
        self._payload_bytes = 0
        self._socket = _connect(host, port, tls)
        self._socket.settimeout(None)  # a bridge that waits for Kafka makes us wait
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    @property
    def so_far(self) -> Sent:
        """What was handed to the network until now."""
        return Sent(self._frames, self._payload_bytes, time.monotonic() - self._started)

    def send(self, name: str | None, payload: bytes) -> None:
        """Send one frame, waiting as long as the bridge does not read.

        Raises:
            SendError: the frame cannot be written in this framing, or the bridge closed the connection.
        """
        try:
            wire = self._framing.encode(Frame(name, payload))
        except FrameError as error:
            raise SendError(f"{name}: {error.detail}") from error
        try:
            if is_closed(self._socket):
                raise ConnectionResetError(0, "it closed the connection")
            self._socket.sendall(wire)
        except OSError as error:
            raise self._broken(error) from error
        self._frames += 1
        self._payload_bytes += len(payload)

    def finish(self) -> Sent:
        """Say that no more comes, and wait for the bridge to close: by then Kafka has what the bridge took.

        Raises:
            SendError: the bridge reset the connection, or did not close within 60 s.
        """
        try:
            end_in_order(self._socket)
        except TimeoutError as error:
            reason = f"{self._where} did not confirm within {CONFIRM_TIMEOUT_S:g} s; it may be waiting for Kafka"
            raise SendError(reason) from error
        except OSError as error:
            raise self._broken(error) from error
        return self.so_far

    def _broken(self, error: OSError) -> SendError:
        return SendError(f"{self._where} ended the connection ({reason_for_sender(error)}); its log says why")


def _connect(host: str, port: int, tls: SenderTls | None) -> socket.socket:
    where = f"{host}:{port}"
    try:
        return connect((host, port), tls)
    except NoTls as error:
        raise SendError(f"no TLS with {where}: {error}") from error
    except OSError as error:
        raise SendError(f"cannot connect to {where}: {reason_for_sender(error)}; is the bridge running?") from error


def send_frames(
    address: tuple[str, int],
    images: Iterable[tuple[str, bytes]],
    framing: Framing,
    *,
    rate: float | None = None,
    progress: Callable[[Sent], None] | None = None,
    tls: SenderTls | None = None,
) -> Sent:
    """Send `images` (name, bytes) over one connection, at most `rate` a second; returns once Kafka has them.

    `progress` is called after each frame.

    Raises:
        SendError: see FrameSender; or `images` raised it.
    """
    with FrameSender(*address, framing, tls) as sender:
        start = time.monotonic()
        try:
            for number, (name, payload) in enumerate(images):
                if rate is not None:
                    time.sleep(max(0.0, start + number / rate - time.monotonic()))
                sender.send(name, payload)
                if progress is not None:
                    progress(sender.so_far)
            return sender.finish()
        except SendError as error:
            error.sent = sender.so_far.frames
            raise
