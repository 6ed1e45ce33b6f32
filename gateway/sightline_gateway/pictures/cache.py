"""Thumbnails that are likely to be asked for again, within a bound in bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no thumbnail of an image. Not the error that said so: its frames would keep the whole image."""

    reason: str


Entry = bytes | Refusal
_OVERHEAD: Final = 512  # of an entry: key, objects, a reason's text


class Cache:
    """Entries by image id; the ones longest unused go first."""

    def __init__(self, limit: int) -> None:
        """`limit` in bytes."""
        self._limit = limit
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self.used = 0

    def get(self, image_id: str) -> Entry | None:
        """The image's thumbnail, or why there is none; None when that is not known here."""
        entry = self._entries.get(image_id)
        if entry is not None:
            self._entries.move_to_end(image_id)
        return entry

    def put(self, image_id: str, entry: Entry) -> None:
        """Keep an entry, and let others go until all fit; one that alone is too large is not kept."""
        self._drop(image_id)
        self._entries[image_id] = entry
        self.used += _size(entry)
        while self.used > self._limit:
            self._drop(next(iter(self._entries)))

    def _drop(self, image_id: str) -> None:
        entry = self._entries.pop(image_id, None)
        self.used -= 0 if entry is None else _size(entry)


def _size(entry: Entry) -> int:
    return _OVERHEAD + (len(entry) if isinstance(entry, bytes) else 0)
