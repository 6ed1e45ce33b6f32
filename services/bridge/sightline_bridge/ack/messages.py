"""The messages of the acknowledged protocol (docs/wire-formats.md, "Acknowledged frames"); integers are big-endian."""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from crc32c import crc32c

from sightline_bridge.framing import FrameError
from sightline_bridge.framing.names import decode_name, encode_name
from sightline_contracts.media import Payload

MAGIC: Final = b"SLAK"
VERSION: Final = 1
SENDER_ID_BYTES: Final = 64
CONTENT_TYPE_BYTES: Final = 64
HIGHEST_ID: Final = 2**64 - 1

_HELLO: Final = struct.Struct(f">{len(MAGIC)}sBBH")  # magic, version, length of the sender id, reserved
_FRAME: Final = struct.Struct(">cBBBIQ")  # type, lengths of name and content type, reserved, payload length, id
_ANSWER: Final = struct.Struct(">cBHQ")  # type, code, send again, value
_CRC: Final = struct.Struct(">I")
HELLO_BYTES: Final = _HELLO.size + _CRC.size  # before the sender id
FRAME_BYTES: Final = _FRAME.size + _CRC.size  # before name, content type and payload
ANSWER_BYTES: Final = _ANSWER.size + _CRC.size
_FRAME_TYPE: Final = b"F"
_HOLD_GIL: Final = 0
# From here on others may run meanwhile. crc32c's own bound is 32 KiB, which takes 1 us: far less than it takes to win
# the interpreter back from a busy thread of Kafka's client.
_LONG_PAYLOAD_BYTES: Final = 4 * 1024 * 1024
_CONTENT_TYPE: Final = re.compile(rb"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


class AnswerKind(StrEnum):
    """What the bridge says."""

    WELCOME = "W"
    ACK = "A"
    NACK = "N"
    GOODBYE = "G"


class NackCode(IntEnum):
    """Why one frame was not published; all but NOT_STORED are final."""

    TOO_LARGE = 1
    BAD_NAME = 2
    BAD_CONTENT_TYPE = 3
    NOT_STORED = 4


class GoodbyeCode(IntEnum):
    """Why the bridge reads no further; from BAD_VERSION on the sender itself must change.

    Up to there it may come again: also a wrong type or length can come from bytes that were damaged on the way.
    """

    GOING_AWAY = 1
    IDLE_TIMEOUT = 2
    FRAME_TIMEOUT = 3
    BAD_CHECKSUM = 4
    BAD_MESSAGE = 5
    BAD_LENGTH = 6
    BAD_VERSION = 7
    BAD_SENDER = 8
    BAD_ID = 9
    WINDOW_EXCEEDED = 10
    UNEXPECTED_HELLO = 11

    @property
    def again(self) -> bool:
        """Whether the sender may connect again and send what was not acknowledged."""
        return self < GoodbyeCode.BAD_VERSION


@dataclass(frozen=True, slots=True)
class FrameHead:
    """What stands before a payload of `length` bytes; `name` and `content_type` as they came, empty when absent."""

    frame_id: int
    name: bytes
    content_type: bytes
    length: int
    fixed: bytes  # the head's first 16 bytes, which the checksum covers
    checksum: int

    def check(self, payload: Payload) -> None:
        """Raises FrameError `bad-checksum` when any byte of the frame is not the one that was sent."""
        found = _payload_crc(payload, _crc(self.fixed, self.name, self.content_type))
        if found != self.checksum:
            raise FrameError("bad-checksum", f"frame {self.frame_id} has CRC32C {self.checksum:08x}, not {found:08x}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of the bridge: `code` is a NackCode, a GoodbyeCode or the version, `value` a frame id.

    The value of a WELCOME is `window << 32 | highest payload length`.
    """

    kind: AnswerKind
    code: int
    again: bool
    value: int

    def encode(self) -> bytes:
        """Its 16 bytes."""
        body = _ANSWER.pack(self.kind.encode(), self.code, self.again, self.value)
        return body + _CRC.pack(_crc(body))


def welcome(window: int, max_frame_bytes: int) -> Answer:
    """The answer to HELLO."""
    return Answer(AnswerKind.WELCOME, VERSION, again=False, value=window << 32 | max_frame_bytes)


def decode_answer(data: bytes) -> Answer:
    """The answer in `data`, which has ANSWER_BYTES bytes.

    Raises:
        FrameError: `bad-checksum` or `bad-message`.
    """
    body, (checksum,) = data[: _ANSWER.size], _CRC.unpack_from(data, _ANSWER.size)
    if _crc(body) != checksum:
        raise FrameError("bad-checksum", f"the bridge's answer has a wrong checksum: {data.hex(' ')}")
    kind, code, again, value = _ANSWER.unpack(body)
    try:
        return Answer(AnswerKind(kind.decode("latin-1")), code, bool(again), value)
    except ValueError as error:
        raise FrameError("bad-message", f"the bridge's answer is of no known type: {data.hex(' ')}") from error


def encode_hello(sender_id: str) -> bytes:
    """HELLO of `sender_id`. Raises FrameError `bad-sender` when it is empty, too long or has control characters."""
    raw = sender_id.encode()
    _sender_name(raw)
    head = _HELLO.pack(MAGIC, VERSION, len(raw), 0)
    return head + _CRC.pack(_crc(head, raw)) + raw


def hello_length(head: bytes) -> int:
    """The whole length of a HELLO that begins with the HELLO_BYTES bytes of `head`.

    Raises:
        FrameError: `bad-message` or `bad-version`.
    """
    magic, version, length, reserved = _HELLO.unpack_from(head)
    if magic != MAGIC:
        raise FrameError("bad-message", f"the connection begins with {head[:4].hex(' ')}, not with HELLO")
    if version != VERSION:
        raise FrameError("bad-version", f"the sender speaks version {version}, the bridge {VERSION}")
    if reserved:
        raise FrameError("bad-message", "the reserved bytes of HELLO are not zero")
    return HELLO_BYTES + int(length)


def decode_hello(data: bytes) -> str:
    """The sender id of a whole HELLO. Raises FrameError `bad-checksum` or `bad-sender`."""
    (checksum,), raw = _CRC.unpack_from(data, _HELLO.size), data[HELLO_BYTES:]
    if _crc(data[: _HELLO.size], raw) != checksum:
        raise FrameError("bad-checksum", "HELLO has a wrong checksum")
    return _sender_name(raw)


def encode_head(frame_id: int, name: str | None, content_type: str | None, payload: Payload) -> bytes:
    """All of a frame that stands before its payload.

    Raises:
        FrameError: `bad-id`, `bad-name`, `bad-content-type` or `bad-length`, it cannot be written.
    """
    raw_name = b"" if name is None else encode_name(name)
    raw_type = (content_type or "").encode()
    if not 0 < frame_id <= HIGHEST_ID:
        raise FrameError("bad-id", f"the frame id is {frame_id}, it must be 1 to {HIGHEST_ID}")
    if raw_type and not is_content_type(raw_type):
        raise FrameError("bad-content-type", f"not a content type: {content_type!r}")
    if not 0 < len(payload) < 2**32:
        raise FrameError("bad-length", f"a frame of {len(payload)} bytes cannot be written")
    fixed = _FRAME.pack(_FRAME_TYPE, len(raw_name), len(raw_type), 0, len(payload), frame_id)
    checksum = _payload_crc(payload, _crc(fixed, raw_name, raw_type))
    return fixed + _CRC.pack(checksum) + raw_name + raw_type


def head_length(start: bytes) -> int:
    """The length of the head that begins with the FRAME_BYTES bytes of `start`; raises FrameError `bad-message`."""
    kind, name_length, type_length, reserved, _, _ = _FRAME.unpack_from(start)
    if kind != _FRAME_TYPE or reserved:
        raise FrameError("bad-message", f"no frame begins with {start[:4].hex(' ')}")
    return FRAME_BYTES + int(name_length) + int(type_length)


def decode_head(data: bytes) -> FrameHead:
    """The whole head in `data`; nothing of it is to be trusted before `check`."""
    _, name_length, _, _, length, frame_id = _FRAME.unpack_from(data)
    (checksum,) = _CRC.unpack_from(data, _FRAME.size)
    name_end = FRAME_BYTES + name_length
    return FrameHead(
        frame_id=frame_id,
        name=data[FRAME_BYTES:name_end],
        content_type=data[name_end:],
        length=length,
        fixed=data[: _FRAME.size],
        checksum=checksum,
    )


def is_content_type(raw: bytes) -> bool:
    """Whether `raw` is `type/subtype` in lower case and at most 64 bytes."""
    return len(raw) <= CONTENT_TYPE_BYTES and _CONTENT_TYPE.fullmatch(raw) is not None


def _sender_name(raw: bytes) -> str:
    if len(raw) > SENDER_ID_BYTES:
        raise FrameError("bad-sender", f"the sender id has {len(raw)} bytes, at most {SENDER_ID_BYTES} fit")
    try:
        return decode_name(raw)
    except FrameError as error:
        raise FrameError("bad-sender", f"as a sender id: {error.detail}") from error


def _payload_crc(payload: Payload, before: int) -> int:
    if len(payload) < _LONG_PAYLOAD_BYTES:
        return int(crc32c(payload, before, gil_release_mode=_HOLD_GIL))
    return int(crc32c(payload, before))


def _crc(*parts: bytes) -> int:
    checksum = 0
    for part in parts:
        checksum = int(crc32c(part, checksum))
    return checksum
