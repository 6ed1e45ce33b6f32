"""TLS without a socket: bytes of the wire in, bytes of the sender out, and back."""

import ssl
from collections.abc import Mapping
from typing import Final, cast, final

from sightline_bridge.guard.client_name import NoClientName

RECORD_BYTES: Final = 16 * 1024  # the most that one record of TLS carries


@final
class TlsSession:
    """One side of one TLS connection.

    `feed` takes what came over the wire; whatever a method makes for the wire lies in `outgoing` afterwards. After the
    handshake each direction ends by itself, so a peer that says that it sends no more can still be answered.
    """

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None = None) -> None:
        """`server_name` is whom a client wants to reach; the certificate must have it."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )

    @property
    def pending_bytes(self) -> int:
        """Bytes fed and not yet read, encrypted or not."""
        return self._incoming.pending + self._object.pending()

    @property
    def version(self) -> str | None:
        """The protocol's version that both agreed on, such as `TLSv1.3`."""
        return self._object.version()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the wire, cut anywhere."""
        self._incoming.write(data)

    def feed_end(self) -> None:
        """The wire ended. Without the peer's own word before, that is an error: anyone in between can cut a wire."""
        self._incoming.write_eof()

    def outgoing(self) -> bytes:
        """What is to be sent now; empty when nothing is."""
        return self._outgoing.read()

    def shake_hands(self) -> bool:
        """Go on with the handshake as far as the bytes fed allow; whether it is complete.

        Raises:
            ssl.SSLError: the peer does not speak TLS, an old one, or is not trusted; `outgoing` may have a last word.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def certificate(self) -> Mapping[str, object] | None:
        """The peer's verified certificate as `ssl` shows it, None when it did not have to show one.

        Raises:
            NoClientName: it cannot be decoded; an authority may have signed what is no text.
        """
        try:
            return self._object.getpeercert() or None
        except (ValueError, ssl.SSLError) as error:
            raise NoClientName("its certificate cannot be read") from error

    def read(self) -> bytes | None:
        """The next decrypted bytes, at most a record; None: feed more; empty: the peer said that it sends no more.

        Raises:
            ssl.SSLError: the bytes were changed, or the wire ended without the peer's word.
        """
        try:
            return self._object.read(RECORD_BYTES)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:  # its word came after ours
            return b""

    def read_into(self, place: memoryview) -> int | None:
        """As `read`, decrypted into `place`, as far as it reaches; the count of bytes."""
        count = 0
        while count < len(place):
            try:
                more = cast("int", self._object.read(len(place) - count, place[count:]))  # so it is with a place
            except ssl.SSLWantReadError:
                return count or None
            except ssl.SSLZeroReturnError:
                break
            except ssl.SSLError:
                if count:
                    break  # what came before it counts; the next call raises it again
                raise
            if not more:
                break
            count += more
        return count

    def write(self, data: bytes) -> None:
        """Encrypt `data`, all of it."""
        self._object.write(data)

    def end(self) -> None:
        """Say that we send no more, as far as the connection still allows that."""
        try:
            self._object.unwrap()
        except ssl.SSLError:
            return  # the peer has not said the same, which nothing waits for, or the session is broken: our word is out
