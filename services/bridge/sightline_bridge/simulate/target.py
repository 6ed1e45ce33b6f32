"""Where simulated frames go: an address as people write it, and the way there."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit


class Kind(StrEnum):
    """What a target is; its value begins the target's address."""

    TCP = "tcp"
    TCP_LISTEN = "tcp-listen"
    UDP = "udp"
    UNIX = "unix"
    FILE = "file"
    STDOUT = "-"


_WITH_PATH: Final = frozenset({Kind.UNIX, Kind.FILE})


@dataclass(frozen=True, slots=True)
class Target:
    """`host` and `port` of the kinds with a port, `path` of those with a path."""

    kind: Kind
    host: str = ""
    port: int = 0
    path: Path = Path()

    def __str__(self) -> str:
        if self.kind is Kind.STDOUT:
            return "standard output"
        if self.kind in _WITH_PATH:
            return f"{self.kind}:{self.path}"
        return f"{self.kind}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_target(text: str) -> Target:
    """The target that `text` names: `tcp://HOST:PORT`, `udp://…`, `tcp-listen://…`, `unix:PATH`, `file:PATH` or `-`.

    Raises:
        ValueError: it names none; the message says what is wrong.
    """
    if text == "-":
        return Target(Kind.STDOUT)
    beginning, colon, rest = text.partition(":")
    if not colon or beginning not in list(Kind):
        raise ValueError(f"{text!r} is no target such as tcp://HOST:PORT, udp://HOST:PORT or unix:PATH")
    kind = Kind(beginning)
    if kind in _WITH_PATH:
        if not rest or (rest.startswith("//") and not rest.startswith("///")):
            raise ValueError(f"{text!r} has no path: write {kind}:PATH")
        return Target(kind, path=Path(rest.removeprefix("//")))
    parts = urlsplit(text)
    if not parts.hostname or parts.port is None or parts.path or parts.query:
        raise ValueError(f"{text!r} is not {kind}://HOST:PORT")
    return Target(kind, host=parts.hostname, port=parts.port)
