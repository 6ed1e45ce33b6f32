"""Secrets in files, as people and orchestrators write them."""

import re
from pathlib import Path
from typing import Final

# What no secret is meant to contain, and what would end a line of a JAAS configuration.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def read_secret_file(variable: str, file: Path) -> str:
    """The file's one line without its end; `variable` names the file to people.

    Raises:
        ValueError: it cannot be read, or holds no usable secret; the message says which, and shows none of it.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(f"{variable}={file} cannot be read: {reason}") from None
    return checked_secret(variable, text.removesuffix("\n").removesuffix("\r"))


def checked_secret(variable: str, secret: str) -> str:
    """The secret as it is.

    Raises:
        ValueError: it is empty, or more than a line.
    """
    if not secret:
        raise ValueError(f"{variable} holds no password")
    if _CONTROL.search(secret):
        raise ValueError(f"{variable} holds more than one line, or a control character")
    return secret


def has_control(text: str) -> bool:
    """Whether the text has what no name or secret is meant to contain."""
    return _CONTROL.search(text) is not None
