"""Bytes between the socket and a parser: a queue of chunks that copies each byte of a large frame once."""

from collections import deque

# A piece below this is copied into its neighbour: else a peer that sends single bytes would make us hold about 60 bytes
# of Python objects for each. Larger pieces are kept as they came, so that a frame is copied only when it is taken.
COALESCE_BELOW_BYTES = 4096


class ByteQueue:
    """First in, first out, in pieces of any size; `take` and `peek` never look at bytes behind those asked for."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._tail = bytearray()  # small pieces not yet worth one of their own; always behind all of _pieces
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, data: bytes | memoryview) -> None:
        """Put `data` at the end; a large piece is kept without a copy."""
        self._length += len(data)
        if len(data) < COALESCE_BELOW_BYTES:
            self._tail += data
            if len(self._tail) >= COALESCE_BELOW_BYTES:
                self._seal_tail()
            return
        self._seal_tail()
        self._pieces.append(memoryview(data))

    def take(self, count: int) -> bytes:
        """Remove and return the first `count` bytes, which must be there; one copy."""
        if count > self._length:
            raise ValueError(f"{count} bytes asked for, {self._length} held")
        self._length -= count
        wanted: list[memoryview] = []
        while count:
            if not self._pieces:
                self._seal_tail()
            piece = self._pieces.popleft()
            if len(piece) > count:
                self._pieces.appendleft(piece[count:])
                piece = piece[:count]
            wanted.append(piece)
            count -= len(piece)
        return b"".join(wanted)

    def peek(self, count: int) -> bytes:
        """The first `count` bytes, which must be there, left in place; meant for headers (`count` small)."""
        head = self.take(count)
        self.put_back(head)
        return head

    def put_back(self, data: bytes) -> None:
        """Put `data` before all that is held; kept without a copy."""
        if data:
            self._pieces.appendleft(memoryview(data))
            self._length += len(data)

    def clear(self) -> None:
        """Forget all bytes."""
        self._pieces.clear()
        self._tail = bytearray()
        self._length = 0

    def _seal_tail(self) -> None:
        if self._tail:
            self._pieces.append(memoryview(self._tail))
            self._tail = bytearray()
