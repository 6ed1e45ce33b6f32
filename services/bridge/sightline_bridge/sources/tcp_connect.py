"""Source `tcp-connect`: we dial a sender."""

import asyncio
import errno
import os
from typing import Final, final

from sightline_bridge.config import TcpConnectConfig
from sightline_bridge.guard.certificates import Certificates, connecting
from sightline_bridge.guard.tls_errors import HandshakeFailed, HandshakeTimeout
from sightline_bridge.guard.tls_session import TlsSession
from sightline_bridge.guard.tls_stream import TlsStream, shake_hands
from sightline_bridge.sources.one_stream import Opened
from sightline_bridge.sources.socket_stream import SocketStream

# A host that is switched off answers nothing; the kernel alone would wait two minutes for it.
CONNECT_TIMEOUT_S: Final = 10.0


@final
class TcpPeer:
    """A sender to dial. See Opener."""

    def __init__(self, config: TcpConnectConfig) -> None:
        """Raises StartError when a file of its TLS cannot be used."""
        self._config = config
        self._certificates = None if config.tls is None else connecting(config.tls)

    async def open(self) -> Opened:
        """See Opener."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, plain = await loop.create_connection(
                    lambda: SocketStream(_dialled), self._config.host, self._config.port
                )
        except TimeoutError:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
        stream = plain if self._certificates is None else await self._secured(plain, self._certificates)
        return Opened(stream, self._config.stream or f"tcp:{stream.peer}", is_last=False)

    async def _secured(self, plain: SocketStream, certificates: Certificates) -> TlsStream:
        assert self._config.tls is not None, "there are certificates"
        name = self._config.tls.server_name or self._config.host
        session = TlsSession(certificates.context(), server_side=False, server_name=name)
        try:
            return await shake_hands(plain, session, CONNECT_TIMEOUT_S)
        except (HandshakeFailed, HandshakeTimeout) as error:
            plain.close()
            raise OSError(f"no TLS: {error}") from error
        except asyncio.CancelledError:
            plain.reset()
            raise

    def close(self) -> None:
        """See Opener; nothing is kept."""

    def __str__(self) -> str:
        host = self._config.host
        return f"[{host}]:{self._config.port}" if ":" in host else f"{host}:{self._config.port}"


def _dialled(stream: SocketStream) -> None:
    """Nobody waits for it: `open` returns the stream."""
