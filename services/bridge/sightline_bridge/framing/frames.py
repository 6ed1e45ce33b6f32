"""What every framing speaks: frames, "need data", frame errors, and the interface of a parser and an encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, final

FrameErrorCode = Literal[
    "bad-length",
    "bad-name",
    "bad-payload",
    "no-frame",
    "truncated-frame",
    "bad-checksum",
    "bad-content-type",
    "bad-id",
    "bad-message",
    "bad-sender",
    "bad-version",
    "window-exceeded",
    "unexpected-hello",
]
# What may be held of a frame whose length nobody knows before it is said to be pending: no more than the socket's
# reader may hold anyway. Lower, and small frames claim their room twice; higher, and it is memory that nobody counts.
UNANNOUNCED_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """An image or line as its sender framed it: `payload` is never empty, `name` is None in a framing without names.

    Nobody writes to `payload`: it is a bytearray where a large frame was received in place.
    """

    name: str | None
    payload: bytes | bytearray


@final
class NeedData:
    """The type of `NEED_DATA`, which `next_frame` returns when the bytes fed so far hold no further whole frame."""

    def __repr__(self) -> str:
        return "NEED_DATA"


NEED_DATA: Final = NeedData()


class FrameError(ValueError):
    """The bytes do not follow the framing, or a frame cannot be written in it.

    `code` is stable: `bad-length` (not positive, or over the limit), `bad-name` (empty, not UTF-8, control characters,
    too long), `bad-payload` (a frame to be written that would be read as another), `no-frame` (too many bytes in a row
    are none), `truncated-frame` (the stream ended inside a frame). A stream cannot be read on after any of them. The
    others are of the acknowledged protocol, where they are explained; `unexpected-hello` is that protocol at a source
    without it.
    """

    def __init__(self, code: FrameErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code: FrameErrorCode = code
        self.detail = detail


class FrameParser(Protocol):
    """Bytes in, frames out; it never sees a socket.

    Call `next_frame` until it returns `NEED_DATA` after each `feed` or `buffer_updated`: then the memory held is at
    most one frame and one chunk. After a FrameError the parser raises the same error for ever.
    """

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere; `data` may be kept until its frames are out."""

    def get_buffer(self) -> memoryview | None:
        """Where the next bytes of the stream may be written, never empty; None: hand them to `feed`.

        To be asked for when `pending_bytes` may be allocated. Valid until any other call that takes or gives bytes.
        """

    def buffer_updated(self, count: int) -> None:
        """`count` bytes were written to the beginning of the last `get_buffer`."""

    def next_frame(self) -> Frame | NeedData:
        """The next whole frame, if the bytes fed so far hold one.

        Raises:
            FrameError: a header is wrong; known from the header alone, before anything is allocated for its frame. Or a
                frame without a header is larger than any may be, or none is to be found.
        """

    @property
    def at_boundary(self) -> bool:
        """Whether no byte of an unfinished frame is held: here a stream may end."""

    @property
    def pending_bytes(self) -> int:
        """The bytes to find room for before more is read: those of the frame whose header has been read and which is
        not out yet. Without a header that tells, a bound for what is held, which grows with it; 0 when there is none.
        """

    @property
    def skipped_bytes(self) -> int:
        """Bytes of the stream that belonged to no frame and were passed over; 0 in framings that cannot."""

    def close(self) -> Frame | None:
        """The stream ended in good order; the frame that its end completes, if any.

        Raises:
            FrameError: `truncated-frame`, it ended inside a frame.
        """


class FedParser:
    """The part of a FrameParser whose frames do not tell their length ahead: all their bytes come through `feed`."""

    def get_buffer(self) -> memoryview | None:
        """See FrameParser."""
        return None

    def buffer_updated(self, count: int) -> None:
        """See FrameParser; never called, as there is no buffer."""
        raise AssertionError(f"{count} bytes were written to no buffer")


def bound_of(held: int, max_frame_bytes: int) -> int:
    """`pending_bytes` of a frame of unknown length of which `held` bytes came: doubles as it grows, up to its limit."""
    return 0 if held < UNANNOUNCED_BYTES else min(1 << held.bit_length(), max_frame_bytes)


def any_payload(payload: bytes | bytearray) -> None:
    """The check of a framing that carries any bytes."""
    del payload


@dataclass(frozen=True, slots=True)
class Framing:
    """One framing: `parser(max_frame_bytes)` reads it; header, payload as it is, `trailer` are how a frame is written.

    So a sender need not copy the payload. `encode_header(name, length)` and `check_payload` raise FrameError when this
    framing cannot carry the frame.
    """

    name: str
    parser: Callable[[int], FrameParser]
    encode_header: Callable[[str | None, int], bytes]
    check_payload: Callable[[bytes | bytearray], None] = any_payload
    trailer: bytes = b""

    def encode(self, frame: Frame) -> bytes:
        """The whole frame in one piece (copies the payload); raises FrameError as its parts do."""
        self.check_payload(frame.payload)
        return self.encode_header(frame.name, len(frame.payload)) + frame.payload + self.trailer
