"""Source `device`: a device, a FIFO or a plain file of this machine."""

import errno
import os
import stat
from typing import Final, final

from sightline_bridge.config import DeviceConfig
from sightline_bridge.sources.file_stream import ThreadedFile, file_stream
from sightline_bridge.sources.one_stream import Opened

# Without waiting for a FIFO's writer. A terminal that is read must not become the one of this process.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@final
class DeviceFile:
    """A path to read. The end of a plain file is the end of its source; FIFOs and devices are opened again.

    A FIFO is held open in between: its next writer may come, write and leave before we open it again. See Opener.
    """

    def __init__(self, config: DeviceConfig) -> None:
        self._config = config
        self._path = str(config.path)
        self._held: int | None = None
        self._last: Opened | None = None

    async def open(self) -> Opened:
        """See Opener; a device whose last read still blocks stays the one that it was."""
        last = self._last
        if last is None or not (isinstance(last.stream, ThreadedFile) and last.stream.resume()):
            last = self._last = self._open()
        return last

    def _open(self) -> Opened:
        fd = os.open(self._path, _FLAGS)
        try:
            mode = os.fstat(fd).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if stat.S_ISFIFO(mode):
                self._hold()
        except OSError:
            os.close(fd)
            raise
        name = self._config.stream or f"device:{self._config.name}"
        return Opened(file_stream(fd, self._path), name, is_last=stat.S_ISREG(mode))

    def close(self) -> None:
        """See Opener."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __str__(self) -> str:
        return self._path

    def _hold(self) -> None:
        """Hold the FIFO that is there now, which need not be the one of before."""
        held = os.open(self._path, _FLAGS)
        self.close()
        self._held = held
