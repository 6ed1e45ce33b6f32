"""A sender that wants acknowledgements and has come to a source that gives none."""

from typing import Final

from sightline_bridge.ack.messages import (
    HELLO_BYTES,
    MAGIC,
    SENDER_ID_BYTES,
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

_START: Final = MAGIC + bytes([VERSION])


def refuse_hello(begin: bytes) -> bool:
    """Whether `begin`, with which a stream begins, may be less than a HELLO; False: it is none.

    Raises:
        FrameError: `unexpected-hello`: it holds a whole one, checksum and all.
    """
    if len(begin) < HELLO_BYTES:
        return _START.startswith(begin[: len(_START)])
    try:
        length = hello_length(begin)
        if len(begin) < length <= HELLO_BYTES + SENDER_ID_BYTES:
            return True
        sender_id = decode_hello(begin[:length])
    except FrameError:
        return False  # whatever it is, the framing reads it
    detail = f"{sender_id} wants acknowledgements (it begins with {MAGIC.decode()}): this source has no `ack: frame`"
    raise FrameError("unexpected-hello", detail)
