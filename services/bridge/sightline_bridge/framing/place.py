"""Room for one frame, into which the socket writes: its bytes stay where they arrive."""

from typing import final


@final
class FramePlace:
    """A frame's payload of `length` bytes while it arrives, with room for `ahead` bytes of what follows it.

    The room behind saves a read for each frame: most often the next header comes with the end of this payload.
    """

    def __init__(self, length: int, ahead: int) -> None:
        self._length = length
        self._bytes = bytearray(length + ahead)
        self._filled = 0
        self._lent: memoryview | None = None

    @property
    def filled(self) -> int:
        """Bytes that are here, those of what follows included."""
        return self._filled

    @property
    def whole(self) -> bool:
        """Whether the payload is."""
        return self._filled >= self._length

    def lend(self) -> memoryview:
        """Where the next bytes go; valid until any other call."""
        self._take_back()
        self._lent = memoryview(self._bytes)[self._filled :]
        return self._lent

    def written(self, count: int) -> None:
        """`count` bytes were written to what was lent."""
        self._take_back()
        self._filled += count

    def put(self, data: bytes) -> bytes:
        """Copy in as much of `data` as there is room for; gives the rest."""
        self._take_back()
        taken = min(len(data), len(self._bytes) - self._filled)
        self._bytes[self._filled : self._filled + taken] = data[:taken]
        self._filled += taken
        return data[taken:]

    def take(self) -> tuple[bytearray, bytes]:
        """The payload, which must be whole, and what follows it; the place is of no use afterwards."""
        self._take_back()
        behind = bytes(self._bytes[self._length : self._filled])
        del self._bytes[self._length :]
        return self._bytes, behind

    def _take_back(self) -> None:
        if self._lent is not None:
            self._lent.release()  # a view that is left somewhere would keep the bytes from being cut to size
            self._lent = None
