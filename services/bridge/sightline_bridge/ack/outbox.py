"""What a sender must keep until the bridge has answered for it; without a socket."""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import final

from sightline_bridge.ack.messages import Answer, AnswerKind, GoodbyeCode, NackCode, encode_head


@dataclass(frozen=True, slots=True)
class Letter:
    """A frame under way: `head` stands before `payload` on the wire."""

    frame_id: int
    name: str | None
    head: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A frame that the bridge will never publish, and why in a word."""

    frame_id: int
    name: str | None
    reason: str


@final
class Outbox:
    """Frames in order, from the oldest that is not acknowledged to the newest; ids count up from `first_id`."""

    def __init__(self, *, most_bytes: int, first_id: int = 1) -> None:
        """`most_bytes` bounds the payloads kept; a single larger one is kept alone."""
        self._most_bytes = most_bytes
        self._next_id = first_id
        self._kept: deque[Letter] = deque()
        self._kept_bytes = 0
        self._refused_ids: set[int] = set()  # of _kept: the bridge counts them until all before them are answered for
        self._sent = 0  # of _kept, over this connection
        self._window = 0  # until the bridge has welcomed us
        self._largest = 0
        self._highest_sent = 0  # over any connection
        self.acknowledged = 0
        self.sent_again = 0
        self.refused: list[Refusal] = []
        self.goodbye: Answer | None = None  # the bridge's, over this connection: nothing more is sent then

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def welcomed(self) -> bool:
        """Whether the bridge has answered to HELLO over this connection."""
        return self._window > 0

    @property
    def under_way(self) -> int:
        """Frames that this connection has to be answered for."""
        return self._sent

    def has_room(self, payload_bytes: int) -> bool:
        """Whether a frame may be added now: it is the only one, or it fits the window and our own bound."""
        within = self._kept_bytes + payload_bytes <= self._most_bytes
        return not self._kept or (len(self._kept) < self._window and within)

    def add(self, name: str | None, payload: bytes, content_type: str | None = None) -> int:
        """Keep a frame for sending and return its id. Raises FrameError when it cannot be written."""
        head = encode_head(self._next_id, name, content_type, payload)
        self._kept.append(Letter(self._next_id, name, head, payload))
        self._kept_bytes += len(payload)
        self._next_id += 1
        return self._next_id - 1

    def connected(self) -> None:
        """A new connection begins: all that is kept and not refused has to go over it, once it is welcomed."""
        for letter in [letter for letter in self._kept if letter.frame_id in self._refused_ids]:
            self._kept.remove(letter)
            self._kept_bytes -= len(letter.payload)
        self._refused_ids.clear()
        self._sent = 0
        self._window = 0
        self.goodbye = None

    def next_letter(self) -> Letter | None:
        """The next frame to write, counted as sent; None while there is none or nothing may be sent."""
        while self.goodbye is None and self._sent < min(len(self._kept), self._window):
            letter = self._kept[self._sent]
            if len(letter.payload) > self._largest:
                self._note_refused(letter, _word(NackCode, NackCode.TOO_LARGE))
                self._drop(self._sent)
                continue
            self._sent += 1
            self.sent_again += letter.frame_id <= self._highest_sent
            self._highest_sent = max(self._highest_sent, letter.frame_id)
            return letter
        return None

    def take(self, answer: Answer) -> None:
        """Note what the bridge says."""
        match answer.kind:
            case AnswerKind.WELCOME:
                self._window, self._largest = answer.value >> 32, answer.value & 0xFFFFFFFF
            case AnswerKind.ACK:
                self._acknowledge(answer.value)
            case AnswerKind.NACK if answer.again:
                self.goodbye = answer  # nothing behind that frame will be acknowledged over this connection
            case AnswerKind.NACK:
                self._refuse_id(answer.value, _word(NackCode, answer.code))
            case AnswerKind.GOODBYE:
                self.goodbye = answer

    def farewell(self) -> str | None:
        """What the bridge said before it left, in words."""
        if self.goodbye is None:
            return None
        if self.goodbye.kind is AnswerKind.NACK:
            return _word(NackCode, self.goodbye.code)
        word = _word(GoodbyeCode, self.goodbye.code)
        if self.goodbye.code == GoodbyeCode.UNEXPECTED_HELLO:
            return f"{word}: its source has no `ack: frame`"
        return word

    def _acknowledge(self, frame_id: int) -> None:
        while self._sent and self._kept[0].frame_id <= frame_id:
            self.acknowledged += self._kept[0].frame_id not in self._refused_ids
            self._drop(0)
        self._drop_refused()

    def _refuse_id(self, frame_id: int, reason: str) -> None:
        for letter in islice(self._kept, self._sent):
            if letter.frame_id == frame_id and frame_id not in self._refused_ids:
                self._note_refused(letter, reason)
                self._refused_ids.add(frame_id)
        self._drop_refused()

    def _drop_refused(self) -> None:
        while self._kept and self._kept[0].frame_id in self._refused_ids:
            self._drop(0)

    def _note_refused(self, letter: Letter, reason: str) -> None:
        self.refused.append(Refusal(letter.frame_id, letter.name, reason))

    def _drop(self, position: int) -> None:
        letter = self._kept[position]
        self._refused_ids.discard(letter.frame_id)
        self._kept_bytes -= len(letter.payload)
        del self._kept[position]
        self._sent -= position < self._sent


def _word(codes: type[IntEnum], code: int) -> str:
    """The name of `code` as the documentation spells it; a newer bridge may have some that we do not know."""
    return codes(code).name.lower().replace("_", "-") if code in set(codes) else f"code {code}"
