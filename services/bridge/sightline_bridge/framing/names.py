"""Frame names: UTF-8, 1 to 28 bytes, nothing that could break a log line or a header."""

import unicodedata
from pathlib import PurePath
from typing import Final

from sightline_bridge.framing.frames import FrameError

NAME_BYTES: Final = 28  # the width of fixed28's field; `named` keeps to it so that a sender can change framings
_FORBIDDEN: Final = frozenset({"Cc", "Zl", "Zp"})  # control characters, line and paragraph separators


def decode_name(raw: bytes) -> str:
    """The name in `raw`.

    Raises:
        FrameError: `bad-name`, it is empty, not UTF-8 or holds control characters.
    """
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        raise FrameError("bad-name", f"the name is not UTF-8: {raw!r}") from error
    _check(name)
    return name


def encode_name(name: str | None) -> bytes:
    """The bytes of `name`, 1 to 28 of them.

    Raises:
        FrameError: `bad-name`, there is none, it is too long or holds control characters.
    """
    if name is None:
        raise FrameError("bad-name", "this framing needs a name for every frame")
    _check(name)
    try:
        raw = name.encode()
    except UnicodeEncodeError as error:
        raise FrameError("bad-name", f"the name cannot be written as UTF-8: {name!r}") from error
    if len(raw) > NAME_BYTES:
        raise FrameError("bad-name", f"the name is {len(raw)} bytes long, at most {NAME_BYTES} fit: {name!r}")
    return raw


def fit_name(name: str) -> str:
    """`name` as a frame can carry it: cut to 28 bytes before its suffix, other characters replaced by `_`."""
    clean = "".join("_" if unicodedata.category(char) in {*_FORBIDDEN, "Cs"} else char for char in name).strip() or "_"
    if len(clean.encode()) <= NAME_BYTES:
        return clean
    suffix = PurePath(clean).suffix
    if len(suffix.encode()) >= NAME_BYTES:
        suffix = ""
    room = NAME_BYTES - len(suffix.encode())
    return clean.removesuffix(suffix).encode()[:room].decode(errors="ignore") + suffix


def _check(name: str) -> None:
    if not name:
        raise FrameError("bad-name", "the name is empty")
    if any(unicodedata.category(char) in _FORBIDDEN for char in name):
        raise FrameError("bad-name", f"the name has control characters: {name!r}")
