"""The bridge's side of one acknowledged connection, without its socket: bytes in, frames and answers out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from sightline_bridge.ack.messages import (
    VERSION,
    Answer,
    AnswerKind,
    FrameHead,
    GoodbyeCode,
    NackCode,
    is_content_type,
    welcome,
)
from sightline_bridge.ack.reader import AckReader
from sightline_bridge.framing import Frame, FrameError, NeedData
from sightline_bridge.framing.names import NAME_BYTES, decode_name
from sightline_contracts.ids import image_id_from_checksum

_GOODBYE_FOR: Final = {code.name.lower().replace("_", "-"): code for code in GoodbyeCode}
_NACK_FOR: Final = {"bad-name": NackCode.BAD_NAME, "bad-content-type": NackCode.BAD_CONTENT_TYPE}


@dataclass(frozen=True, slots=True)
class AckFrame(Frame):
    """A frame that its sender wants to be told about; `sender_id` and `frame_id` name it over all connections.

    `checksum` is the CRC32C that was found right.
    """

    sender_id: str
    frame_id: int
    content_type: str | None
    checksum: int

    @property
    def image_id(self) -> str:
        """The same for the same frame sent again, so that duplicates collapse."""
        return image_id_from_checksum("bridge", f"{self.sender_id}/{self.frame_id}", self.checksum)


@final
class AckSession:
    """A FrameParser that also knows what its sender has to be told.

    Bounded: at most `window` frames are unacknowledged, or the session ends.
    """

    def __init__(
        self,
        max_frame_bytes: int,
        window: int,
        refused: Callable[[FrameError], object],
        due: Callable[[], object] = lambda: None,
    ) -> None:
        """`max_frame_bytes` limits the payload; `refused` is told of each frame that is left out.

        `due` is called when `take_answers` has something, once or more.
        """
        self._due = due
        self._refused = refused
        self._reader = AckReader(max_frame_bytes)
        self._greeting = welcome(window, max_frame_bytes)
        self._window = window
        self._answers = bytearray()
        self._greeted = False
        self._last_id = 0
        self._unacknowledged: deque[int] = deque()
        self._settled: set[int] = set()  # of them, those behind one that is not settled
        self._acknowledged = 0
        self._ack_due = False
        self._unsaid = 0  # frames that the next acknowledgement adds
        self._error: FrameError | None = None
        self._ended = False

    def feed(self, data: bytes) -> None:
        """See FrameParser."""
        self._reader.feed(data)

    def get_buffer(self) -> memoryview | None:
        """See FrameParser."""
        return self._reader.get_buffer()

    def buffer_updated(self, count: int) -> None:
        """See FrameParser."""
        self._reader.buffer_updated(count)

    def next_frame(self) -> AckFrame | NeedData:
        """See FrameParser; a frame that is refused by itself is answered and left out."""
        if self._error is not None:
            raise self._error
        try:
            return self._next_frame()
        except FrameError as error:
            self._error = error
            self.goodbye(_GOODBYE_FOR[error.code])
            raise

    @property
    def at_boundary(self) -> bool:
        """See FrameParser."""
        return self._reader.at_boundary

    @property
    def pending_bytes(self) -> int:
        """See FrameParser."""
        return self._reader.pending_bytes

    @property
    def skipped_bytes(self) -> int:
        """See FrameParser."""
        return self._reader.skipped_bytes

    def close(self) -> None:
        """See FrameParser."""
        self._reader.close()

    @property
    def unacknowledged(self) -> int:
        """Frames taken and not yet answered for."""
        return len(self._unacknowledged)

    @property
    def answer_bytes(self) -> int:
        """What `take_answers` would give now, acknowledgements not counted."""
        return len(self._answers)

    @property
    def answer_is_awaited(self) -> bool:
        """Whether `take_answers` has more than an acknowledgement that its sender can do without for a moment.

        It cannot when nothing else will wake it, or when half of its window is used up.
        """
        return bool(self._answers) or not self._unacknowledged or self._unsaid * 2 >= self._window

    def settled(self, frame_id: int, refusal: NackCode | None = None) -> None:
        """Kafka has the frame, or it is refused; after NOT_STORED nothing from it on is acknowledged any more."""
        if refusal is not None:
            again = refusal is NackCode.NOT_STORED
            self._say(Answer(AnswerKind.NACK, refusal, again, frame_id))
            if again:
                return
        self._settled.add(frame_id)
        while self._unacknowledged and self._unacknowledged[0] in self._settled:
            self._acknowledged = self._unacknowledged.popleft()
            self._settled.remove(self._acknowledged)
            self._unsaid += 1
            self._owe_ack()

    def repeat(self) -> None:
        """Say the last acknowledgement once more, as a sign of life while Kafka makes the sender wait."""
        if self._unacknowledged:
            self._owe_ack()

    def goodbye(self, code: GoodbyeCode) -> None:
        """Say that nothing more will be read; acknowledgements still follow. Only the first one is said."""
        if not self._ended:
            self._ended = True
            self._say(Answer(AnswerKind.GOODBYE, code, code.again, VERSION))

    def take_answers(self) -> bytes:
        """What to write now, maybe nothing; all that was settled since the last call is one acknowledgement."""
        if self._ack_due:
            self._ack_due = False
            self._unsaid = 0
            self._answers += Answer(AnswerKind.ACK, 0, again=False, value=self._acknowledged).encode()
        answers = bytes(self._answers)
        self._answers.clear()
        return answers

    def _next_frame(self) -> AckFrame | NeedData:
        while not isinstance(frame := self._read(), NeedData):
            head = self._reader.head
            assert head is not None, "a frame has come"
            head.check(frame.payload)
            self._admit(head.frame_id)
            if (accepted := self._understood(head, frame)) is not None:
                return accepted
        return frame

    def _read(self) -> Frame | NeedData:
        try:
            return self._reader.next_frame()
        finally:
            if self._reader.sender_id is not None and not self._greeted:
                self._greeted = True
                self._say(self._greeting)

    def _admit(self, frame_id: int) -> None:
        if frame_id <= self._last_id:
            raise FrameError("bad-id", f"frame id {frame_id} came after {self._last_id}: ids must rise")
        if len(self._unacknowledged) >= self._window:
            raise FrameError("window-exceeded", f"more than {self._window} frames without an acknowledgement")
        self._last_id = frame_id
        self._unacknowledged.append(frame_id)

    def _understood(self, head: FrameHead, frame: Frame) -> AckFrame | None:
        """The frame, or None when its name or type is none: then it is answered for."""
        try:
            name, content_type = _name(head.name), _content_type(head.content_type)
        except FrameError as error:
            self._refused(error)
            self.settled(head.frame_id, _NACK_FOR[error.code])
            return None
        assert self._reader.sender_id is not None, "HELLO came before the frame"
        return AckFrame(
            name=name,
            payload=frame.payload,
            sender_id=self._reader.sender_id,
            frame_id=head.frame_id,
            content_type=content_type,
            checksum=head.checksum,
        )

    def _owe_ack(self) -> None:
        self._ack_due = True
        self._due()

    def _say(self, answer: Answer) -> None:
        self._answers += answer.encode()
        self._due()


def _name(raw: bytes) -> str | None:
    if len(raw) > NAME_BYTES:
        raise FrameError("bad-name", f"the name has {len(raw)} bytes, at most {NAME_BYTES} fit")
    return decode_name(raw) if raw else None


def _content_type(raw: bytes) -> str | None:
    if raw and not is_content_type(raw):
        raise FrameError("bad-content-type", f"not a content type: {raw!r}")
    return raw.decode("ascii") or None
