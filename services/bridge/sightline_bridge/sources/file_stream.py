"""ByteStreams over file descriptors: those on which the kernel announces bytes, and those that only block for them."""

import asyncio
import errno
import os
import select
import threading
from abc import ABC, abstractmethod
from typing import Final, final

from sightline_bridge.sources.stream import ByteStream

# A pipe holds 64 KiB. From plain files and devices more at a time saves turns of the thread.
CHUNK_BYTES: Final = 256 * 1024


def file_stream(fd: int, path: str) -> ByteStream:
    """A stream of what `fd` brings, which it closes at its end; `path` is for people."""
    with select.epoll() as probe:
        try:
            probe.register(fd, select.EPOLLIN)
        except PermissionError:  # plain files, and devices whose driver cannot tell
            os.set_blocking(fd, True)
            return ThreadedFile(fd, path)
    return PolledFile(fd, path)


class _InputFile(ABC):
    """What both kinds share: bytes come from a file, and nobody there can be answered."""

    def __init__(self, fd: int, path: str) -> None:
        self._fd = fd
        self._path = path
        self._ended = False
        self._changed = asyncio.Event()

    @property
    def peer(self) -> str:
        """See ByteStream."""
        return self._path

    async def write(self, data: bytes) -> None:
        """See ByteStream."""
        del data
        raise OSError(errno.EBADF, "nobody can be answered on a file")

    def end_reading(self) -> None:
        """See ByteStream."""
        self._ended = True
        self._changed.set()

    async def take_leave(self) -> None:  # noqa: B027 -- not to be overridden: there is nothing to do
        """See ByteStream; nobody is told."""

    @abstractmethod
    def close(self) -> None:
        """See ByteStream."""

    def reset(self) -> None:
        """See ByteStream."""
        self.close()


@final
class PolledFile(_InputFile):
    """What the kernel announces: FIFOs, pipes, terminals, most devices. See ByteStream.

    It reads only what was announced, so that `fd` may be blocking: standard input is shared with other processes, which
    must not find it changed.
    """

    @property
    def unread_bytes(self) -> int:
        """See ByteStream; what was not asked for stays in the kernel."""
        return 0

    async def read(self) -> bytes:
        """See ByteStream."""
        while await self._announced():
            try:
                return os.read(self._fd, CHUNK_BYTES)
            except BlockingIOError:  # another reader of the same pipe was faster
                continue
        return b""

    def close(self) -> None:
        """See ByteStream."""
        self._ended = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    async def _announced(self) -> bool:
        """Wait until there are bytes or the end; False when nothing more is to be read."""
        if self._ended:
            return False
        loop = asyncio.get_running_loop()
        self._changed.clear()
        loop.add_reader(self._fd, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            loop.remove_reader(self._fd)
        return not self._ended


@final
class ThreadedFile(_InputFile):
    """What has to be waited for in a blocked read: plain files, some devices. See ByteStream.

    One thread reads one chunk when it is asked for. It is a daemon: no call wakes it from a device that stays silent.
    Whoever opens that device again has to `resume` instead: a second thread would share the device's bytes with it.
    """

    def __init__(self, fd: int, path: str) -> None:
        super().__init__(fd, path)
        self._loop = asyncio.get_running_loop()
        self._wanted = threading.Semaphore(0)
        self._closing = False
        self._let_gone = False
        self._asked = False
        self._chunk: bytes | OSError | None = None
        threading.Thread(target=self._run, name=f"read {path}", daemon=True).start()

    @property
    def unread_bytes(self) -> int:
        """See ByteStream."""
        return len(self._chunk) if isinstance(self._chunk, bytes) else 0

    async def read(self) -> bytes:
        """See ByteStream."""
        while self._chunk is None and not self._ended:
            if not self._asked:
                self._asked = True
                self._wanted.release()
            self._changed.clear()
            await self._changed.wait()
        chunk, self._chunk = self._chunk, None
        if isinstance(chunk, OSError):
            raise chunk
        return chunk or b""

    def close(self) -> None:
        """See ByteStream; the thread closes the file as soon as it returns from its read."""
        if not self._closing:
            self._ended = self._closing = True
            self._let_go()

    def resume(self) -> bool:
        """Open again after a `close` that a blocked read has outlasted; False when there is none, and all is closed."""
        if not (self._closing and self._asked):
            return False
        self._ended = self._closing = False
        return True

    def _run(self) -> None:
        try:
            while self._wanted.acquire() and not self._let_gone:
                self._hand_over(self._read())
        except RuntimeError:  # the loop has ended meanwhile, and with it everyone who waited
            return
        finally:
            os.close(self._fd)

    def _read(self) -> bytes | OSError:
        try:
            return os.read(self._fd, CHUNK_BYTES)
        except OSError as error:
            return error

    def _hand_over(self, chunk: bytes | OSError) -> None:
        self._loop.call_soon_threadsafe(self._arrived, chunk)

    def _arrived(self, chunk: bytes | OSError) -> None:
        self._asked = False
        self._chunk = chunk
        self._changed.set()
        if self._closing:
            self._let_go()

    def _let_go(self) -> None:
        """End the thread, unless it is in a read: `resume` may still want what that brings."""
        if not self._asked:
            self._let_gone = True
            self._wanted.release()
