"""One simulated sender's way to the bridge, with its faults: a stream of bytes, datagrams, or acknowledged frames."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.ack.sender import AckSender
from sightline_bridge.datagram.codec import encode
from sightline_bridge.datagram.sender import DatagramOptions, Outgoing, Pace, connected, random_stream_id
from sightline_bridge.errors import SendError
from sightline_bridge.framing import Frame, FrameError, Framing
from sightline_bridge.sender_socket import NoTls, reason_for_sender
from sightline_bridge.simulate.faults import Dice, Fault
from sightline_bridge.simulate.pipes import Opener, Pipe

# Between attempts to reach a bridge that is away; after the last one a sender gives up. A restart fits within.
RETRIES_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)


@dataclass(slots=True)
class Tally:
    """What one sender did: `sent` frames went out whole; of them `confirmed` are in Kafka, as far as anybody says."""

    sent: int = 0
    payload_bytes: int = 0
    confirmed: int = 0
    refused: int = 0
    connections: int = 0

    def add(self, other: "Tally") -> None:
        """Count what another sender did too."""
        self.sent += other.sent
        self.payload_bytes += other.payload_bytes
        self.confirmed += other.confirmed
        self.refused += other.refused
        self.connections += other.connections


class Link(Protocol):
    """Takes one sender's frames. `send` and `finish` raise SendError when the bridge stays away."""

    @property
    def tally(self) -> Tally:
        """What it did so far."""

    @property
    def dice(self) -> Dice:
        """The faults of this sender."""

    def send(self, frame: Frame) -> None:
        """Send `frame`, as the dice fall."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def finish(self) -> None:
        """Nothing more will be sent: wait for what the bridge still has to say."""


@final
class StreamLink:
    """Framed bytes over one pipe after another."""

    def __init__(self, opener: Opener, framing: Framing, dice: Dice, tell: Callable[[str], object]) -> None:
        """`tell` hears each time why there is no connection and that another one is tried."""
        self._tell = tell
        self.tally = Tally()
        self.dice = dice
        self._opener = opener
        self._framing = framing
        self._pipe: Pipe | None = None
        self._open_frames = 0  # on this pipe, so that nobody has confirmed them

    def send(self, frame: Frame) -> None:
        """See Link. A frame under way when the bridge leaves is sent again."""
        wire = self.dice.corrupted(_encoded(self._framing, frame))
        if self.dice.throw(Fault.CUT, self.dice.chances.cut):
            self._insist(lambda pipe: self._cut(pipe, wire))
            return
        middle = len(wire)
        if self.dice.throw(Fault.DELAYED, self.dice.chances.delay):
            middle = self.dice.place(len(wire))
        self._insist(lambda pipe: self._write(pipe, wire, middle))
        self._open_frames += 1
        self.tally.sent += 1
        self.tally.payload_bytes += len(frame.payload)

    def wait(self, seconds: float) -> None:
        """See Link."""
        time.sleep(max(0.0, seconds))

    def finish(self) -> None:
        """See Link."""
        if self._pipe is None:
            return
        try:
            if self._pipe.finish():
                self.tally.confirmed += self._open_frames
        except ConnectionAbortedError as error:
            raise SendError(f"the bridge confirmed nothing: {reason_for_sender(error)}") from error
        except OSError:
            self._pipe.abort()
        self._pipe = None

    def _write(self, pipe: Pipe, wire: bytes, middle: int) -> None:
        pipe.write(wire[:middle])
        if middle < len(wire):
            time.sleep(self.dice.chances.delay_s)
            pipe.write(wire[middle:])

    def _cut(self, pipe: Pipe, wire: bytes) -> None:
        pipe.write(wire[: self.dice.place(len(wire))])
        self._leave(pipe)

    def _leave(self, pipe: Pipe) -> None:
        pipe.abort()
        self._pipe = None
        self._open_frames = 0

    def _insist(self, write: Callable[[Pipe], None]) -> None:
        """Write, over a new pipe if need be."""
        for pause in (*RETRIES_S, None):
            try:
                if self._pipe is None:
                    self._pipe = self._opener.open()
                    self.tally.connections += 1
                write(self._pipe)
                return
            except OSError as error:
                if self._pipe is not None:
                    self._leave(self._pipe)
                reason = f"no TLS: {error}" if isinstance(error, NoTls) else reason_for_sender(error)
                if pause is None:
                    raise SendError(f"the bridge is away: {reason}") from error
            self._tell(reason)
            time.sleep(pause)


@final
class DatagramLink:
    """Frames in datagrams; nobody confirms anything."""

    def __init__(self, host: str, port: int, options: DatagramOptions, dice: Dice) -> None:
        """Raises SendError when there is no way to the address."""
        self.tally = Tally(connections=1)
        self.dice = dice
        self._options = options
        self._stream_id = random_stream_id() if options.stream_id is None else options.stream_id
        self._socket = connected(host, port)
        self._pace = Pace(options.megabits)
        self._outgoing = Outgoing(self._socket, options.datagram_bytes, self._pace)
        self._sequence = 0
        self._held: bytes | None = None  # goes after the next one

    def send(self, frame: Frame) -> None:
        """See Link."""
        datagrams = list(_datagrams(self._stream_id, self._sequence, frame, self._options.datagram_bytes))
        self._sequence += 1
        cut, dropped = self.dice.throw(Fault.CUT, self.dice.chances.cut), self.dice.thrown[Fault.DROPPED]
        if cut:
            datagrams = datagrams[: self.dice.place(len(datagrams))]
        pause_at = None
        if self.dice.throw(Fault.DELAYED, self.dice.chances.delay):
            pause_at = self.dice.place(len(datagrams))
        try:
            self._send_all(datagrams, pause_at)
        except OSError as error:
            raise SendError(f"nobody receives: {error.strerror or error}") from error
        if not cut and self.dice.thrown[Fault.DROPPED] == dropped:
            self.tally.sent += 1
            self.tally.payload_bytes += len(frame.payload)

    def wait(self, seconds: float) -> None:
        """See Link."""
        time.sleep(max(0.0, seconds))

    def finish(self) -> None:
        """See Link."""
        with self._socket:
            if self._held is not None:
                self._put(self._held)
            self._tell_what_came_back()

    def _tell_what_came_back(self) -> None:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise SendError(f"nobody receives: {os.strerror(code)}")

    def _send_all(self, datagrams: list[bytes], pause_at: int | None) -> None:
        if pause_at is None and not self.dice.chances.of_datagrams:
            self._outgoing.send(datagrams)
            return
        for number, datagram in enumerate(datagrams):
            if number == pause_at:
                time.sleep(self.dice.chances.delay_s)
            self._send_one(datagram)

    def _send_one(self, datagram: bytes) -> None:
        chances = self.dice.chances
        if self.dice.throw(Fault.DROPPED, chances.drop):
            return
        datagram = self.dice.corrupted(datagram)
        if self._held is None and self.dice.throw(Fault.REORDERED, chances.reorder):
            self._held = datagram
            return
        for _ in range(2 if self.dice.throw(Fault.DUPLICATED, chances.duplicate) else 1):
            self._put(datagram)
        if self._held is not None:
            self._put(self._held)
            self._held = None

    def _put(self, datagram: bytes) -> None:
        self._pace.wait_for_bytes(len(datagram))
        self._socket.send(datagram)


@final
class AckLink:
    """Frames that the bridge answers for; a cut connection is all that can go wrong."""

    def __init__(self, sender: AckSender, dice: Dice) -> None:
        self.dice = dice
        self._sender = sender

    @property
    def tally(self) -> Tally:
        """See Link."""
        so_far = self._sender.so_far
        return Tally(
            sent=so_far.frames,
            payload_bytes=so_far.payload_bytes,
            confirmed=so_far.acknowledged,
            refused=len(so_far.refused),
            connections=so_far.connections,
        )

    def send(self, frame: Frame) -> None:
        """See Link; a frame that is cut off is sent again."""
        self._sender.send(frame.name, bytes(frame.payload))
        if self.dice.throw(Fault.CUT, self.dice.chances.cut):
            self._sender.cut()

    def wait(self, seconds: float) -> None:
        """See Link; the bridge's answers are heard meanwhile."""
        self._sender.wait(seconds)

    def finish(self) -> None:
        """See Link."""
        with self._sender:
            self._sender.finish()


def _encoded(framing: Framing, frame: Frame) -> bytes:
    try:
        return framing.encode(frame)
    except FrameError as error:
        raise SendError(f"{frame.name}: {error.detail}") from error


def _datagrams(stream_id: int, sequence: int, frame: Frame, size: int) -> Iterator[bytes]:
    try:
        return encode(stream_id, sequence, frame.name, bytes(frame.payload), size)
    except FrameError as error:
        raise SendError(f"{frame.name}: {error.detail}") from error
