"""Datagrams, a budget and a reassembler that the UDP tests share."""

import struct

from crc32c import crc32c

from sightline_bridge.datagram.codec import encode
from sightline_bridge.datagram.outcomes import Sender, Whole
from sightline_bridge.datagram.reassembly import Reassembler, ReassemblyLimits
from sightline_bridge.framing import Frame
from sightline_bridge.pipeline import claim_bytes
from sightline_common.budget import ByteBudget

KIB = 1024
CAMERA: Sender = ("192.0.2.7", 40_000)


def datagrams(
    sequence: int, image: bytes, *, name: str | None = None, stream_id: int = 1, size: int = 128
) -> list[bytes]:
    """The datagrams of one frame, small so that there are many."""
    return list(encode(stream_id, sequence, name, image, size))


def forged(payload: bytes, index: int, fragments: int, frame_bytes: int, **fields: int) -> bytes:
    """A datagram with a right checksum that says what it likes: `version`, `name_bytes`, `stream_id`, `sequence`."""
    head = struct.pack(
        ">2sBBIIIHH",
        b"SL",
        fields.get("version", 1),
        fields.get("name_bytes", 0),
        fields.get("stream_id", 1),
        fields.get("sequence", 0),
        frame_bytes,
        index,
        fragments,
    )
    return sealed(head + payload)


def sealed(body: bytes) -> bytes:
    """`body` with its checksum behind it."""
    return body + struct.pack(">I", crc32c(body))


class Receiver:
    """A reassembler with a clock of its own; keeps what came out of it."""

    def __init__(
        self,
        *,
        image_bytes: int = 64 * KIB,
        held_bytes: int = 256 * KIB,
        budget_bytes: int = 1024 * KIB,
        window: int = 4,
        streams: int = 8,
    ) -> None:
        self.budget = ByteBudget(budget_bytes)
        limits = ReassemblyLimits(image_bytes, held_bytes, timeout_s=1.0, window_frames=window, streams=streams)
        self.reassembler = Reassembler(limits, self.budget)
        self.now = 100.0
        self.whole: list[Whole] = []

    def push(self, *received: bytes, sender: Sender = CAMERA) -> None:
        """Datagrams that come at once."""
        for datagram in received:
            self._keep(self.reassembler.push(sender, datagram, self.now))

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds
        self._keep(self.reassembler.expire(self.now))

    def close(self) -> None:
        """Nothing more comes."""
        self._keep(self.reassembler.close())

    @property
    def frames(self) -> list[Frame]:
        """What came out."""
        return [Frame(frame.name, frame.image) for frame in self.whole]

    @property
    def sequences(self) -> list[int]:
        """The sequence numbers of what came out."""
        return [frame.sequence for frame in self.whole]

    def datagrams(self) -> dict[str, int]:
        """How many datagrams had which result, but for those taken."""
        return {str(result): n for result, n in self.reassembler.datagrams.items() if n and result != "taken"}

    def lost(self) -> dict[str, int]:
        """How many frames were lost, and why."""
        return {str(reason): n for reason, n in self.reassembler.frames.items() if n}

    def _keep(self, frames: list[Whole]) -> None:
        self.whole += frames
        self.budget.release(sum(claim_bytes(len(frame.image)) for frame in frames))  # as when Kafka has them
        assert self.budget.used == self.reassembler.held_bytes


def image(sequence: int, size: int = 500) -> bytes:
    """Bytes that tell which frame they are of."""
    return sequence.to_bytes(4) * (size // 4)
