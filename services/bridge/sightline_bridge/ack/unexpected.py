"""A sender that wants acknowledgements and has come to a source that gives none."""

from typing import Final

from sightline_bridge.ack.messages import (
    HELLO_BYTES,
    MAGIC,
    VERSION,
    Answer,
    AnswerKind,
    GoodbyeCode,
    decode_hello,
    hello_length,
)
from sightline_bridge.framing import FrameError

# What it is told: it would wait for a WELCOME for ever, since in other framings a HELLO may be half a header.
REFUSAL: Final = Answer(AnswerKind.GOODBYE, GoodbyeCode.UNEXPECTED_HELLO, again=False, value=VERSION).encode()


def refuse_hello(first: bytes) -> None:
    """Let `first`, with which a stream begins, pass unless it holds a whole HELLO, checksum and all.

    Raises:
        FrameError: `unexpected-hello`.
    """
    if not first.startswith(MAGIC) or len(first) < HELLO_BYTES:
        return
    try:
        sender_id = decode_hello(first[: hello_length(first)])
    except FrameError:
        return  # whatever it is, the framing reads it
    detail = f"{sender_id} wants acknowledgements (it begins with {MAGIC.decode()}): this source has no `ack: frame`"
    raise FrameError("unexpected-hello", detail)
