"""The sending side over UDP: nobody makes it wait and nobody answers, so it keeps to a pace of its own."""

import errno
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

from sightline_bridge.datagram.codec import ETHERNET_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES, encode
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FrameError
from sightline_bridge.sender import Sent

# A link of 1 Gbit/s and a bridge on one core take it; faster, and bursts fill the receiver's buffer.
DEFAULT_MEGABITS: Final = 200.0
_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103  # Linux: cut what one call sends into datagrams of this size
_SEGMENTS_AT_ONCE: Final = 32  # the kernel takes 64; a burst should not fill the receiver's buffer
# The network's device cannot compute their checksums, or the datagrams are larger than its frames.
_NO_SEGMENTS: Final = (errno.EIO, errno.EINVAL, errno.EMSGSIZE)
_BURST_S: Final = 0.002  # sleeping for less is not worth it: so long is the longest burst


@dataclass(frozen=True, slots=True)
class DatagramOptions:
    """How frames are sent: at most `megabits` per second, in datagrams of at most `datagram_bytes`.

    Both count our headers; those of UDP and IP, 28 bytes a datagram or more, come on top.
    `stream_id` None: one of its own, so that a sender that starts again is a new stream.
    """

    megabits: float = DEFAULT_MEGABITS
    datagram_bytes: int = ETHERNET_DATAGRAM_BYTES
    stream_id: int | None = None


def send_datagrams(
    address: tuple[str, int],
    images: Iterable[tuple[str | None, bytes]],
    options: DatagramOptions,
    *,
    rate: float | None = None,
    progress: Callable[[Sent], None] | None = None,
) -> Sent:
    """Send `images` (name, bytes), at most `rate` a second. What arrives is not known: nobody answers over UDP.

    Raises:
        SendError: there is no way to the address, nobody listens there, or an image cannot be sent.
    """
    host, port = address
    sent = Sent(0, 0, 0.0)
    with connected(host, port) as peer:
        pace = Pace(options.megabits)
        outgoing = Outgoing(peer, options.datagram_bytes, pace)
        stream_id = random_stream_id() if options.stream_id is None else options.stream_id
        try:
            for number, (name, image) in enumerate(images):
                pace.wait_for_frame(number, rate)
                outgoing.send(_datagrams(stream_id, number, name, image, options.datagram_bytes))
                sent = Sent(sent.frames + 1, sent.payload_bytes + len(image), pace.seconds)
                if progress is not None:
                    progress(sent)
            _raise_what_came_back(peer)
        except OSError as error:
            raise SendError(f"{host}:{port} (UDP): {_reason(error)}; is the bridge running?", sent.frames) from error
        except SendError as error:
            error.sent = sent.frames
            raise
    return sent


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, in seconds, and how it passes."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


@final
class Pace:
    """When the next frame and the next datagram are due; bytes are spread in bursts of 2 ms."""

    def __init__(self, megabits: float, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._bytes_per_s = megabits * 1e6 / 8
        self._start = self._clock.now()
        self._bytes_due = self._start

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock.now() - self._start

    def wait_for_frame(self, number: int, rate: float | None) -> None:
        """Wait until frame `number` is due, at `rate` frames a second."""
        if rate is not None:
            self._clock.sleep(max(0.0, self._start + number / rate - self._clock.now()))

    def wait_for_bytes(self, size: int) -> None:
        """Wait until `size` more bytes may go."""
        now = self._clock.now()
        self._bytes_due = max(self._bytes_due, now - _BURST_S) + size / self._bytes_per_s
        if self._bytes_due - now > _BURST_S:
            self._clock.sleep(self._bytes_due - now)


@final
class Outgoing:
    """Sends datagrams of one size, as many as possible by one call of the kernel, where it can cut them apart."""

    def __init__(self, peer: socket.socket, datagram_bytes: int, pace: Pace) -> None:
        """`datagram_bytes`: the size of every datagram but the last of each `send`, which may be smaller."""
        self._peer = peer
        self._pace = pace
        self._at_once = min(_SEGMENTS_AT_ONCE, MAX_DATAGRAM_BYTES // datagram_bytes)
        if self._at_once > 1:
            try:
                peer.setsockopt(_SOL_UDP, _UDP_SEGMENT, datagram_bytes)
            except OSError:  # Linux before 4.18
                self._at_once = 1

    def send(self, datagrams: Iterable[bytes]) -> None:
        """Send all, at the pace. Raises OSError when nobody listens, or there is no way."""
        left = iter(datagrams)
        while batch := list(islice(left, self._at_once)):
            together = b"".join(batch)
            self._pace.wait_for_bytes(len(together))
            try:
                self._peer.send(together)
            except OSError as error:
                if self._at_once == 1 or error.errno not in _NO_SEGMENTS:
                    raise
                self._send_apart(batch)

    def _send_apart(self, batch: list[bytes]) -> None:
        self._at_once = 1
        self._peer.setsockopt(_SOL_UDP, _UDP_SEGMENT, 0)
        for datagram in batch:
            self._peer.send(datagram)


def _datagrams(stream_id: int, number: int, name: str | None, image: bytes, size: int) -> Iterator[bytes]:
    try:
        return encode(stream_id, number, name, image, size)
    except FrameError as error:
        raise SendError(f"{name}: {error.detail}") from error


def random_stream_id() -> int:
    """A stream of its own, so that a sender that starts again is a new one."""
    return secrets.randbits(32)


def connected(host: str, port: int) -> socket.socket:
    """A socket for this one peer, which learns from ICMP when nobody listens there.

    Raises:
        SendError: there is no way to it.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        peer = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise SendError(f"cannot send to {host}:{port} (UDP): {_reason(error)}") from error
    try:
        peer.connect(address)
    except OSError as error:
        peer.close()
        raise SendError(f"cannot send to {host}:{port} (UDP): {_reason(error)}") from error
    return peer


def _raise_what_came_back(peer: socket.socket) -> None:
    if code := peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(code, os.strerror(code))


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
