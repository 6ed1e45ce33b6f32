"""A sender's connection to the bridge, plain or with TLS."""

import select
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from sightline_bridge.guard.tls_errors import explained

CONNECT_TIMEOUT_S: Final = 10.0
# Only where frames are acknowledged does a bridge say anything.
ANSWERED: Final = "it answers, as a source with `ack: frame` does: use --ack"
CONFIRM_TIMEOUT_S: Final = 60.0  # how long Kafka may keep the bridge waiting before we stop waiting for both


@dataclass(frozen=True, slots=True)
class SenderTls:
    """TLS towards the bridge, whose certificate must have `server_name`."""

    context: ssl.SSLContext
    server_name: str


class NoTls(OSError):
    """Somebody is there, but not one with whom there is TLS; the message says why."""


def connect(address: tuple[str, int], tls: SenderTls | None) -> socket.socket:
    """A blocking connection to `address`, whose operations take up to 10 s.

    Raises:
        OSError: nobody listens there; NoTls: not one whom `tls` trusts.
    """
    plain = socket.create_connection(address, timeout=CONNECT_TIMEOUT_S)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls is None:
        return plain
    try:
        return tls.context.wrap_socket(plain, server_hostname=tls.server_name)
    except OSError as error:
        plain.close()
        raise NoTls(reason_for_sender(error)) from error


def is_closed(connected: socket.socket) -> bool:
    """Whether the bridge has closed `connected`: without acknowledgements it never sends, so what can be read is that.

    Raises:
        OSError: it was reset, or it answered.
    """
    readable, _, _ = select.select([connected], [], [], 0)
    if not readable:
        return False
    timeout_s = connected.gettimeout()
    connected.settimeout(0)
    try:
        said = connected.recv(1)
    except ssl.SSLWantReadError:  # TLS has something to say of its own, as the sessions of a proxy before the bridge
        return False
    finally:
        connected.settimeout(timeout_s)
    if said:
        raise ConnectionAbortedError(0, ANSWERED)
    return True


def end_in_order(connected: socket.socket) -> None:
    """Say that no more comes, and wait up to 60 s for the bridge to say the same: by then Kafka has what it took.

    Raises:
        ConnectionAbortedError: it answered; OSError: it did not end in order.
    """
    connected.settimeout(CONFIRM_TIMEOUT_S)
    if not isinstance(connected, ssl.SSLSocket):
        connected.shutdown(socket.SHUT_WR)
        if connected.recv(1):
            raise ConnectionAbortedError(0, ANSWERED)
        return
    try:
        connected.unwrap()
    except ssl.SSLError as error:
        if error.reason == "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
            raise ConnectionAbortedError(0, ANSWERED) from error
        raise


def reason_for_sender(error: OSError) -> str:
    """Why the network, or TLS, refused."""
    return explained(error) if isinstance(error, ssl.SSLError) else error.strerror or str(error)
