"""TLS around a plain stream.

asyncio's own TLS is not used: it answers a peer's "I send no more" at once, before Kafka has the frames, and a sender
could learn nothing from our close any more (docs/wire-formats.md).
"""

import asyncio
import ssl
from typing import Final, Protocol, final

from sightline_bridge.guard.tls_errors import HandshakeFailed, HandshakeTimeout, NotTls, explained, handshake_failure
from sightline_bridge.guard.tls_session import TlsSession
from sightline_bridge.sources.stream import ByteStream

# Below it a peer far away may not hear why it is refused; above it those who do not listen keep their place for long.
LAST_WORD_S: Final = 1.0


class PlainStream(ByteStream, Protocol):
    """A stream whose peer can be told something while it is closed."""

    def push(self, data: bytes) -> None:
        """Send `data` without waiting for room: for a few last bytes before `close`."""


@final
class TlsStream:
    """A ByteStream whose bytes are encrypted on the wire; made by `shake_hands`."""

    def __init__(self, plain: PlainStream, session: TlsSession) -> None:
        self._plain = plain
        self._session = session
        self._left_off = False

    @property
    def peer(self) -> str:
        """See ByteStream."""
        return self._plain.peer

    @property
    def unread_bytes(self) -> int:
        """See ByteStream; those still encrypted count as they are."""
        return self._plain.unread_bytes + self._session.pending_bytes

    async def read(self) -> bytes:
        """See ByteStream."""
        while True:
            await self._answer()
            try:
                data = self._session.read()
            except ssl.SSLError as error:
                raise OSError(explained(error)) from error
            if data is not None:
                return data
            if not await self._receive():
                return b""

    async def read_into(self, place: memoryview) -> int:
        """See ByteStream."""
        while True:
            await self._answer()
            try:
                count = self._session.read_into(place)
            except ssl.SSLError as error:
                raise OSError(explained(error)) from error
            if count is not None:
                return count
            if not await self._receive():
                return 0

    async def write(self, data: bytes) -> None:
        """See ByteStream."""
        try:
            self._session.write(data)
        except ssl.SSLError as error:
            raise OSError(explained(error)) from error
        await self._plain.write(self._session.outgoing())

    def end_reading(self) -> None:
        """See ByteStream."""
        self._left_off = True
        self._plain.end_reading()

    async def take_leave(self) -> None:
        """See ByteStream; what is thrown away stays encrypted."""
        self._session.end()
        self._plain.push(self._session.outgoing())
        await self._plain.take_leave()

    def close(self) -> None:
        """See ByteStream; the peer gets TLS's own word for it, without which a close proves nothing."""
        self._session.end()
        self._plain.push(self._session.outgoing())
        self._plain.close()

    def reset(self) -> None:
        """See ByteStream."""
        self._plain.reset()

    async def _receive(self) -> bool:
        """Feed the next bytes of the wire; False when there are none because we left off."""
        chunk = await self._plain.read()
        if chunk:
            self._session.feed(chunk)
        elif self._left_off:
            return False
        else:
            self._session.feed_end()
        return True

    async def _answer(self) -> None:
        """Send what TLS itself has to say; while the peer does not read that, nothing more is read from it.

        Before a read, not after it: cancelled here, it loses nothing that was decrypted.
        """
        if data := self._session.outgoing():
            await self._plain.write(data)


async def shake_hands(plain: PlainStream, session: TlsSession, timeout_s: float) -> TlsStream:
    """The handshake, within `timeout_s` seconds; `plain` is the caller's to close when it fails.

    Raises:
        HandshakeTimeout: the peer took longer.
        HandshakeFailed: it left, does not speak TLS, or is not trusted.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while not session.shake_hands():
                await _exchange(plain, session)
            await plain.write(session.outgoing())
    except TimeoutError:
        raise HandshakeTimeout(timeout_s) from None
    except ssl.SSLError as error:
        failure = handshake_failure(error)
        if not isinstance(failure, NotTls):
            plain.push(session.outgoing())  # tells the peer what is wrong
        raise failure from error
    except OSError as error:
        raise HandshakeFailed(f"it left: {error.strerror or error}") from error
    return TlsStream(plain, session)


async def close_heard(plain: PlainStream) -> None:
    """Close once the peer did, or after a second.

    What it sends meanwhile is thrown away: bytes that nobody read would make the kernel reset the connection, and the
    last word that TLS had for the peer would be lost.
    """
    try:
        async with asyncio.timeout(LAST_WORD_S):
            while await plain.read():
                pass
    except OSError:  # it left, or the time is over
        plain.reset()
    else:
        plain.close()


async def _exchange(plain: PlainStream, session: TlsSession) -> None:
    if data := session.outgoing():
        await plain.write(data)
    if chunk := await plain.read():
        session.feed(chunk)
    else:
        session.feed_end()
