"""What every framing speaks: frames, "need data", frame errors, and the interface of a parser and an encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, final

FrameErrorCode = Literal[
    "bad-length",
    "bad-name",
    "truncated-frame",
    "bad-checksum",
    "bad-content-type",
    "bad-id",
    "bad-message",
    "bad-sender",
    "bad-version",
    "window-exceeded",
]


@dataclass(frozen=True, slots=True)
class Frame:
    """One image as its sender framed it: `payload` is never empty, `name` is None in a framing without names.

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
    too long), `truncated-frame` (the stream ended inside a frame). A stream cannot be read on after any of them. The
    others are of the acknowledged protocol, where they are explained.
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
            FrameError: a header is wrong; known from the header alone, before anything is allocated for its frame.
        """

    @property
    def at_boundary(self) -> bool:
        """Whether no byte of an unfinished frame is held: here a stream may end."""

    @property
    def pending_bytes(self) -> int:
        """Payload bytes of the frame whose header has been read and which is not out yet; 0 when there is none."""

    def close(self) -> None:
        """The stream ended.

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


@dataclass(frozen=True, slots=True)
class Framing:
    """One framing: `parser(max_frame_bytes)` reads it and `encode_header(name, length)` writes it.

    The payload follows the header as it is, so a sender need not copy it. `encode_header` raises FrameError when the
    name or the length cannot be written.
    """

    name: str
    parser: Callable[[int], FrameParser]
    encode_header: Callable[[str | None, int], bytes]

    def encode(self, frame: Frame) -> bytes:
        """The whole frame in one piece (copies the payload)."""
        return self.encode_header(frame.name, len(frame.payload)) + frame.payload
