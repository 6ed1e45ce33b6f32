"""Source `tcp-connect`: we dial a sender."""

import asyncio
import errno
import os
from typing import Final, final

from sightline_bridge.config import TcpConnectConfig
from sightline_bridge.sources.one_stream import Opened
from sightline_bridge.sources.socket_stream import SocketStream

# A host that is switched off answers nothing; the kernel alone would wait two minutes for it.
CONNECT_TIMEOUT_S: Final = 10.0


@final
class TcpPeer:
    """A sender to dial. See Opener."""

    def __init__(self, config: TcpConnectConfig) -> None:
        self._config = config

    async def open(self) -> Opened:
        """See Opener."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, stream = await loop.create_connection(
                    lambda: SocketStream(_dialled), self._config.host, self._config.port
                )
        except TimeoutError:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
        return Opened(stream, self._config.stream or f"tcp:{stream.peer}", is_last=False)

    def close(self) -> None:
        """See Opener; nothing is kept."""

    def __str__(self) -> str:
        host = self._config.host
        return f"[{host}]:{self._config.port}" if ":" in host else f"{host}:{self._config.port}"


def _dialled(stream: SocketStream) -> None:
    """Nobody waits for it: `open` returns the stream."""
