"""One stream of datagrams: which frame comes next, which are being collected, and what became of the last ones."""

from collections import deque
from typing import Final, final

from sightline_bridge.datagram.codec import Shape
from sightline_bridge.datagram.outcomes import DatagramResult, Sender

# So many frames back a fragment can still be told from one that never was taken. More only costs memory.
REMEMBERED: Final = 64
_SEQUENCES: Final = 2**32
_HALF: Final = 2**31


@final
class Partial:
    """A frame being collected; `lost` when there was no room for it: then it holds nothing and takes nothing."""

    __slots__ = ("claimed", "lost", "pieces", "sequence", "shape", "since", "stream")

    def __init__(self, stream: "Stream", sequence: int, shape: Shape, since: float) -> None:
        self.stream = stream
        self.sequence = sequence
        self.shape = shape
        self.since = since  # its first fragment came; seconds
        self.pieces: dict[int, bytes] = {}
        self.claimed = 0  # of the budget; bytes
        self.lost = False

    @property
    def whole(self) -> bool:
        """Whether all fragments are here."""
        return len(self.pieces) == self.shape.fragments


@final
class Stream:
    """The frames of one sender's stream, from `next` on; sequence numbers wrap at 2^32."""

    def __init__(self, sender: Sender, stream_id: int, first: int, now: float) -> None:
        self.sender = sender
        self.stream_id = stream_id
        self.next = first
        self.taken_at = now  # the last fragment that was of use; seconds
        self.frames: dict[int, Partial] = {}
        self._fates: deque[tuple[int, DatagramResult]] = deque(maxlen=REMEMBERED)

    def ahead(self, sequence: int) -> int:
        """How many frames `sequence` is behind (negative) or ahead of the next one."""
        distance = (sequence - self.next) % _SEQUENCES
        return distance if distance < _HALF else distance - _SEQUENCES

    def take_next(self) -> Partial | None:
        """Go on to the frame after the next; what was collected of the one left."""
        partial = self.frames.pop(self.next, None)
        if partial is not None and partial.lost:
            fate = DatagramResult.OVER_BUDGET
        elif partial is not None and partial.whole:
            fate = DatagramResult.DUPLICATE
        else:
            fate = DatagramResult.LATE
        self._fates.append((self.next, fate))
        self.skip(1)
        return partial

    def skip(self, count: int) -> None:
        """Go on by `count` frames of which nothing came."""
        self.next = (self.next + count) % _SEQUENCES

    def restart(self, sequence: int) -> list[Partial]:
        """Begin anew at `sequence`; what was collected until now, in order."""
        left = sorted(self.frames.values(), key=lambda partial: self.ahead(partial.sequence))
        self.frames.clear()
        self._fates.clear()
        self.next = sequence
        return left

    def remembers(self, sequence: int) -> bool:
        """Whether that frame is one of the last that were let go or given up."""
        return any(past == sequence for past, _ in self._fates)

    def fate(self, sequence: int) -> DatagramResult:
        """What a fragment of a frame behind the next one is."""
        return next((fate for past, fate in reversed(self._fates) if past == sequence), DatagramResult.LATE)
