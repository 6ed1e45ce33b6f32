"""Source `unix-listen`: senders of this machine connect to a Unix socket of ours."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from sightline_bridge.config import UnixListenConfig
from sightline_bridge.sources.listen import BACKLOG
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_bridge.sources.stream import ByteStream

_PROBE_S: Final = 1.0


@final
class UnixAddress:
    """A path to listen on. A socket that a process left behind is replaced, one that answers never."""

    def __init__(self, config: UnixListenConfig) -> None:
        self._config = config

    async def listen(self, protocol: Callable[[], SocketStream]) -> asyncio.Server:
        """See Address."""
        path = self._config.path
        if _answers(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(protocol, str(path), backlog=BACKLOG)

    def stream_name(self, stream: ByteStream) -> str:
        """See Address; senders on a Unix socket have no address to tell them apart by."""
        del stream
        return self._config.stream or f"device:{self._config.name}"

    def close(self) -> None:
        """See Address."""
        self._config.path.unlink(missing_ok=True)

    def __str__(self) -> str:
        return str(self._config.path)


def _answers(path: Path) -> bool:
    """Whether a process may listen at `path`: also one that is too busy to answer, or will not answer us.

    Raises OSError when it did not answer in time, or its path cannot be looked at.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:  # so many wait to be accepted that there is no room
            return True
        return True
