"""The parser of an acknowledged connection: HELLO, then frames; it never sees a socket."""

from collections.abc import Callable
from typing import final

from sightline_bridge.ack.messages import (
    FRAME_BYTES,
    HELLO_BYTES,
    FrameHead,
    decode_head,
    decode_hello,
    head_length,
    hello_length,
)
from sightline_bridge.framing.buffer import ByteQueue
from sightline_bridge.framing.headered import Header, HeaderedParser


@final
class AckReader(HeaderedParser):
    """A FrameParser whose frames have their `head` beside them; the checksum is not looked at here."""

    header_bytes = FRAME_BYTES + 2 * 255  # lengths of name and content type are one byte each

    def __init__(self, max_frame_bytes: int) -> None:
        """`max_frame_bytes` limits the payload."""
        super().__init__(max_frame_bytes)
        self.sender_id: str | None = None  # once HELLO has come
        self.head: FrameHead | None = None  # of the frame that came out last, or is under way

    def _take_header(self, queue: ByteQueue) -> Header | None:
        if self.sender_id is None:
            hello = _take(queue, HELLO_BYTES, hello_length)
            if hello is None:
                return None
            self.sender_id = decode_hello(hello)
        raw = _take(queue, FRAME_BYTES, head_length)
        if raw is None:
            return None
        self.head = decode_head(raw)
        return Header(name=None, length=self._checked_length(self.head.length))


def _take(queue: ByteQueue, fixed_bytes: int, whole_length: Callable[[bytes], int]) -> bytes | None:
    """Take what `whole_length` says after a look at the first `fixed_bytes`, or None while it is not all there."""
    if len(queue) < fixed_bytes:
        return None
    whole = whole_length(queue.peek(fixed_bytes))
    return queue.take(whole) if len(queue) >= whole else None
