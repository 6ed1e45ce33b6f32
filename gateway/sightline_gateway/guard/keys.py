"""API keys: what they look like, and the file that knows their hashes.

A key is `sightline_<id>_<secret>`. Its secret has 256 random bits, so one SHA-256 hides it: no guess that a slow hash
would slow down could succeed. The id finds the line of the file, the hash is compared in constant time.
"""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline_gateway.guard.callers import Caller, Scope, parse_scopes

log = logging.getLogger(__name__)

KEY_PREFIX: Final = "sightline_"
_LINE: Final = re.compile(r"(?P<id>[0-9a-f]{8})\s+(?P<digest>[0-9a-f]{64})\s+(?P<scopes>\S+)\s+(?P<name>\S.*)")
_MOST_BYTES: Final = 1024 * 1024  # about 10,000 keys; a larger file is a mistake
_LOOK_S: Final = 1.0  # how long a revoked key may go on working


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the file."""

    caller: Caller
    digest: bytes

    def line(self) -> str:
        """The line's text."""
        scopes = ",".join(sorted(self.caller.scopes))
        return f"{self.caller.id} {self.digest.hex()} {scopes} {self.caller.name}"


def make_key(name: str, scopes: frozenset[Scope]) -> tuple[str, Entry]:
    """A new key and what the file has to know of it."""
    key_id = secrets.token_hex(4)
    key = f"{KEY_PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    return key, Entry(Caller(key_id, name, scopes), _digest(key))


def parse_keys(text: str) -> dict[str, Entry]:
    """The entries by id; empty lines and lines that begin with # say nothing.

    Raises:
        ValueError: a line is not one of ours; the message has its number.
    """
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match["id"] in entries:
            raise ValueError(f"line {number} is no line of `sightline-key`, or repeats one")
        try:
            scopes = parse_scopes(match["scopes"])
        except ValueError:
            raise ValueError(f"line {number}: scopes are upload, read and admin") from None
        entries[match["id"]] = Entry(Caller(match["id"], match["name"], scopes), bytes.fromhex(match["digest"]))
    return entries


class KeyFile:
    """The keys of a file, read again when it changes. A file that became unreadable leaves the keys as they were."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Read `path`.

        Raises:
            ValueError: it cannot be read, or is no file of keys.
        """
        self._path = path
        self._clock = clock
        self._looked_at = clock()
        self._seen = self._stamp()
        self._entries = self._read()

    def find(self, key: str) -> Caller | None:
        """Whose key this is; None when it is nobody's."""
        self._refresh()
        entry = self._entries.get(key.removeprefix(KEY_PREFIX).partition("_")[0])
        known = entry.digest if entry is not None else bytes(32)
        matches = hmac.compare_digest(known, _digest(key))
        return entry.caller if entry is not None and matches else None

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._entries = self._read()
            log.info("read the API keys again", extra={"keys": len(self._entries)})
        except ValueError as error:
            log.error("the API keys stay as they were: %s", error)  # noqa: TRY400 - the message says it all

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _read(self) -> dict[str, Entry]:
        try:
            with self._path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                raise ValueError("it is larger than 1 MiB")
            return parse_keys(data.decode("utf-8"))
        except (OSError, ValueError) as error:
            reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
            raise ValueError(f"SIGHTLINE_GATEWAY_KEYS_FILE={self._path} cannot be used: {reason}") from None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
