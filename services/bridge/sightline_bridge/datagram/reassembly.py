"""Fragments in any order, frames out in their stream's order: bounded in bytes, time and number; sans-IO."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.datagram.codec import ETHERNET_DATAGRAM_BYTES, OVERHEAD_BYTES, DatagramError, Fragment, decode
from sightline_bridge.datagram.outcomes import DatagramResult, FrameLoss, Sender, Whole
from sightline_bridge.datagram.stream import Partial, Stream
from sightline_bridge.framing import NAME_BYTES, FrameError
from sightline_bridge.framing.names import decode_name
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES, claim_bytes

# What a fragment costs beside its bytes: the object and its place in the table. Without it a flood of tiny fragments
# would hold many times what is counted.
FRAGMENT_OVERHEAD_BYTES: Final = 256
# A stream that jumps further ahead began anew: else a single forged datagram would count as millions of lost frames.
MAX_GAP_FRAMES: Final = 2**16
# A sender that begins anew with numbers that it just used is believed after so many times `timeout_s` of silence.
# Lower, and what a network delays is published twice; higher, and frames of a script that is run again are lost.
RESTART_TIMES: Final = 5


def room_for_one_frame(image_bytes: int) -> int:
    """What a frame takes while it is collected, in datagrams for Ethernet."""
    fragments = -(-(image_bytes + NAME_BYTES) // (ETHERNET_DATAGRAM_BYTES - OVERHEAD_BYTES))
    return claim_bytes(image_bytes + NAME_BYTES) + fragments * FRAGMENT_OVERHEAD_BYTES


class Room(Protocol):
    """Bytes to claim; see `sightline_common.budget.ByteBudget`."""

    def try_acquire(self, size: int) -> bool:
        """Take `size` bytes if there is room."""

    def release(self, size: int) -> None:
        """Give `size` bytes back."""


@dataclass(frozen=True, slots=True)
class ReassemblyLimits:
    """Sizes in bytes, time in seconds.

    `window_frames`: how far apart the frames may be that a stream collects at a time. `timeout_s`: how long a frame may
    take from its first fragment on, and so the longest that a later one waits for it.
    """

    image_bytes: int
    held_bytes: int
    timeout_s: float = 1.0
    window_frames: int = 16
    streams: int = 256


@final
class Reassembler:
    """Collects the fragments of one source; `push` each datagram, `expire` when `next_deadline` has come.

    Both return the frames that are due, each stream's in the order of their sequence numbers. A frame waits for those
    before it until they are whole, or given up: they took too long, or the window moved on. `datagrams` and `frames`
    count what was not; the caller may clear them.
    """

    def __init__(self, limits: ReassemblyLimits, budget: Room) -> None:
        self.datagrams: Counter[DatagramResult] = Counter()
        self.frames: Counter[FrameLoss] = Counter()
        self._limits = limits
        self._budget = budget
        self._held = 0
        self._streams: OrderedDict[tuple[Sender, int], Stream] = (
            OrderedDict()
        )  # the one that longest ago brought something of use first
        self._by_age: dict[Partial, None] = {}

    @property
    def held_bytes(self) -> int:
        """What is claimed for frames that are not out."""
        return self._held

    @property
    def next_deadline(self) -> float | None:
        """When `expire` has something to do, if no datagram comes before."""
        oldest = next(iter(self._by_age), None)
        return None if oldest is None else oldest.since + self._limits.timeout_s

    def push(self, sender: Sender, datagram: bytes | memoryview, now: float) -> list[Whole]:
        """Take a datagram, whatever it holds. `now` never goes back."""
        whole = self.expire(now)
        try:
            fragment = decode(datagram, self._limits.image_bytes)
        except DatagramError as error:
            self.datagrams[DatagramResult(error.fault)] += 1
            return whole
        stream = self._stream(sender, fragment, now)
        if stream is None:
            self.datagrams[DatagramResult.TOO_MANY_STREAMS] += 1
            return whole
        ahead = stream.ahead(fragment.sequence)
        if ahead > MAX_GAP_FRAMES or (ahead < 0 and self._starts_again(stream, fragment.sequence, now)):
            whole += self._finish_all(stream.restart(fragment.sequence))
        elif ahead < 0:
            self.datagrams[stream.fate(fragment.sequence)] += 1
            return whole
        elif ahead >= self._limits.window_frames:
            whole += self._advance(stream, ahead - self._limits.window_frames + 1)
        self.datagrams[self._add(stream, fragment, now)] += 1
        return whole + self._ready(stream)

    def expire(self, now: float) -> list[Whole]:
        """Give up what took too long, and let go what waited for it."""
        whole: list[Whole] = []
        while (deadline := self.next_deadline) is not None and deadline <= now:
            oldest = next(iter(self._by_age))
            whole += self._advance(oldest.stream, oldest.stream.ahead(oldest.sequence) + 1)
        return whole

    def close(self) -> list[Whole]:
        """Nothing more comes: the whole frames, whatever they waited for; the others are given up."""
        whole: list[Whole] = []
        for stream in self._streams.values():
            whole += self._finish_all(stream.restart(stream.next))
        self._streams.clear()
        return whole

    def _starts_again(self, stream: Stream, sequence: int, now: float) -> bool:
        """Whether a sequence that is behind is a sender's new beginning, and no datagram that comes late or twice."""
        silence_s = now - stream.taken_at
        patience_s = self._limits.timeout_s * (RESTART_TIMES if stream.remembers(sequence) else 1)
        return silence_s > patience_s

    def _stream(self, sender: Sender, fragment: Fragment, now: float) -> Stream | None:
        """The fragment's stream; None when it would be one too many."""
        key = (sender, fragment.stream_id)
        stream = self._streams.get(key)
        if stream is not None:
            return stream
        if len(self._streams) >= self._limits.streams:
            oldest_key, oldest = next(iter(self._streams.items()))
            if now - oldest.taken_at <= self._limits.timeout_s:  # those that are heard keep their place
                return None
            del self._streams[oldest_key]  # its frames expired
        stream = self._streams[key] = Stream(sender, fragment.stream_id, fragment.sequence, now)
        return stream

    def _add(self, stream: Stream, fragment: Fragment, now: float) -> DatagramResult:
        partial = stream.frames.get(fragment.sequence)
        size = len(fragment.payload) + FRAGMENT_OVERHEAD_BYTES
        if partial is None:
            partial = Partial(stream, fragment.sequence, fragment.shape, now)
            stream.frames[fragment.sequence] = partial
            self._by_age[partial] = None
            size += FRAME_OVERHEAD_BYTES
        if partial.lost:
            return DatagramResult.OVER_BUDGET
        if partial.shape != fragment.shape:
            return DatagramResult.MISMATCH
        if fragment.position in partial.pieces:
            return DatagramResult.DUPLICATE
        if not self._claim(partial, size):
            self._lose(partial)
            return DatagramResult.OVER_BUDGET
        partial.pieces[fragment.position] = fragment.payload
        stream.taken_at = now
        self._streams.move_to_end((stream.sender, stream.stream_id))
        return DatagramResult.TAKEN

    def _claim(self, partial: Partial, size: int) -> bool:
        if self._held + size > self._limits.held_bytes or not self._budget.try_acquire(size):
            return False
        self._held += size
        partial.claimed += size
        return True

    def _lose(self, partial: Partial) -> None:
        """Without one of its fragments a frame is of no use: at once it makes room for others."""
        self.frames[FrameLoss.OVER_BUDGET] += 1
        self._give_back(partial, partial.claimed)
        partial.pieces.clear()
        partial.lost = True

    def _advance(self, stream: Stream, count: int) -> list[Whole]:
        """Let go or give up the stream's next `count` frames, and let go those that waited for them only."""
        whole: list[Whole] = []
        for _ in range(min(count, self._limits.window_frames)):
            partial = stream.take_next()
            if partial is None:
                self.frames[FrameLoss.MISSING] += 1
            else:
                whole += self._finish(partial)
        if count > self._limits.window_frames:
            self.frames[FrameLoss.MISSING] += count - self._limits.window_frames
            stream.skip(count - self._limits.window_frames)
        return whole + self._ready(stream)

    def _ready(self, stream: Stream) -> list[Whole]:
        whole: list[Whole] = []
        while (partial := stream.frames.get(stream.next)) is not None and (partial.whole or partial.lost):
            stream.take_next()
            whole += self._finish(partial)
        return whole

    def _finish_all(self, partials: list[Partial]) -> list[Whole]:
        return [frame for partial in partials for frame in self._finish(partial)]

    def _finish(self, partial: Partial) -> list[Whole]:
        """The frame, if it came whole; else it is counted and its room given back."""
        if partial.lost:
            return []
        if not partial.whole:
            self.frames[FrameLoss.INCOMPLETE] += 1
            self._give_back(partial, partial.claimed)
            return []
        shape = partial.shape
        pieces: list[bytes | memoryview] = [partial.pieces[index] for index in range(shape.fragments)]
        raw_name, pieces[0] = bytes(pieces[0][: shape.name_bytes]), memoryview(pieces[0])[shape.name_bytes :]
        try:
            name = decode_name(raw_name) if raw_name else None
        except FrameError:
            self.frames[FrameLoss.BAD_NAME] += 1
            self._give_back(partial, partial.claimed)
            return []
        image = b"".join(pieces)
        self._give_back(partial, partial.claimed - claim_bytes(len(image)))
        return [Whole(partial.stream.sender, partial.stream.stream_id, partial.sequence, name, image)]

    def _give_back(self, partial: Partial, size: int) -> None:
        """The frame is held here no longer; `size` bytes of what it claimed are free again."""
        self._held -= partial.claimed
        del self._by_age[partial]
        self._budget.release(size)
