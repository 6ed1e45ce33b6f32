"""Source `tcp-listen`: senders connect to a TCP port of ours."""

import asyncio
from collections.abc import Callable
from typing import final

from sightline_bridge.config import TcpListenConfig
from sightline_bridge.sources.listen import BACKLOG
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_bridge.sources.stream import ByteStream


@final
class TcpAddress:
    """A TCP address to listen on."""

    def __init__(self, config: TcpListenConfig) -> None:
        self._config = config

    async def listen(self, protocol: Callable[[], SocketStream]) -> asyncio.Server:
        """See Address."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(protocol, self._config.host, self._config.port, backlog=BACKLOG)

    def stream_name(self, stream: ByteStream) -> str:
        """See Address."""
        return self._config.stream or f"tcp:{stream.peer}"

    def close(self) -> None:
        """See Address; the kernel frees a port by itself."""

    def __str__(self) -> str:
        host = self._config.host
        return f"[{host}]:{self._config.port}" if ":" in host else f"{host}:{self._config.port}"
