"""kafka-python's network client, made to say why it cannot connect and to stop trying in time.

The library's own clients try until `bootstrap_timeout_ms` and then raise a timeout that says nothing of a refused
password or an unknown certificate; and a TLS handshake that the other side never answers holds them for ever (both seen
with 3.0.12).
"""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final

from kafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaProtocolError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaTCPTransport

from sightline_common.kafka_oauth import NoToken

_GRACE_MS: Final = 500  # the library's own deadline passes first, unless it hangs
_DEFAULT_TIMEOUT_MS: Final = 30_000
_HOST_MISMATCH: Final = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH

_UNTOLD: Final = {"KafkaConnectionError", "socket disconnected"}  # what the client says when a socket was closed
_SOCKET_FAILURE: Final = re.compile(r"\d+ (E[A-Z0-9]+)")  # 111 ECONNREFUSED
_NO_ADDRESS: Final = "DNS Resolution failure"


class CannotConnect(KafkaConnectionError):  # type: ignore[misc]
    """No broker could be spoken to; the message is the reason, for an operator."""

    def __str__(self) -> str:
        return str(self.args[0])


class KafkaClient(KafkaNetClient):  # type: ignore[misc]
    """The `kafka_client` of producers, consumers and admin clients."""

    def __init__(self, **configs: Any) -> None:
        """Begin nothing yet. Raises CannotConnect as `tls_context` does."""
        context = tls_context(configs) if str(configs["security_protocol"]).endswith("SSL") else None
        net = NetworkSelector(**configs)
        super().__init__(net=net, manager=_Connections(net, context, **configs), **configs)


class _Socket(ssl.SSLSocket):
    """Tells of the connection's end one look later than of its last bytes.

    The library drops bytes that it reads together with the end, and with them the broker's reason for it.
    """

    _has_bytes = False

    def do_handshake(self, block: bool = False) -> None:
        """The library forgets a socket whose handshake failed: nobody else would close it."""
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        received = super().recv(buflen, flags)
        if not received and self._has_bytes:
            self._has_bytes = False
            raise ssl.SSLWantReadError  # the end stays readable: the selector brings the library back
        self._has_bytes = bool(received)
        return received


class _PlainTransport(KafkaTCPTransport):  # type: ignore[misc]
    """The same without TLS."""

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        received, end = super()._sock_recv()
        return received, None if received else end


class TlsContext(ssl.SSLContext):
    """Knows its open sockets: the library forgets one whose handshake never ends."""

    sockets: list[ssl.SSLSocket]

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        wrapped = super().wrap_socket(*args, **options)
        self.sockets = [known for known in self.sockets if known.fileno() >= 0] + [wrapped]
        return wrapped


def tls_context(configs: Mapping[str, Any]) -> TlsContext:
    """What makes the sockets of a client with these options.

    Raises:
        CannotConnect: a certificate or key cannot be read any more. Its file may come back.
    """
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies certificates and host names
    context.sslsocket_class = _Socket
    context.sockets = []
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if configs["ssl_cafile"] is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(configs["ssl_cafile"])
        if configs["ssl_certfile"] is not None:
            context.load_cert_chain(configs["ssl_certfile"], configs["ssl_keyfile"])
    except OSError as error:
        files = [str(configs[name]) for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile") if configs[name]]
        raise CannotConnect(f"certificates cannot be used: {error.strerror or error} ({', '.join(files)})") from error
    return context


class _Connections(KafkaConnectionManager):  # type: ignore[misc]
    def __init__(self, net: Any, context: TlsContext | None, **configs: Any) -> None:
        super().__init__(net, **{**configs, "ssl_context": context})
        self._context = context
        self._last_failure: BaseException | None = None
        self._was_connected = False

    def get_connection(self, node_id: Any, *args: Any, **options: Any) -> Any:
        known = self._conns.get(node_id)
        connection = super().get_connection(node_id, *args, **options)
        if connection is not known:  # the library asks for it at each request, and while it is made again and again
            connection.init_future.add_errback(self._remember)
            connection.close_future.add_errback(self._remember)
        return connection

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        if self.ssl_enabled:
            return await super()._build_transport(node, timeout_at=timeout_at)
        options, proxy = self.config["socket_options"], self.config["proxy_url"]
        address = (node.host, node.port)
        socket = await create_connection(self._net, *address, options, proxy_url=proxy, timeout_at=timeout_at)
        return _PlainTransport(self._net, socket, host=node.host)

    def _remember(self, failure: BaseException) -> None:
        # A refused user, say, tells more than that the connection was then closed, or that time ran out.
        if self._last_failure is None or _telling(failure) >= _telling(self._last_failure):
            self._last_failure = failure

    def bootstrap(self, timeout_ms: float | None = None, refresh: bool = True) -> None:
        """Connect within `timeout_ms` milliseconds.

        Raises:
            CannotConnect: it could not, and why.
        """
        limit = _DEFAULT_TIMEOUT_MS if timeout_ms is None else timeout_ms
        self._last_failure = None
        try:
            self._net.run(self.wait_for, self.bootstrap_async(limit, refresh), limit + _GRACE_MS)
            self._was_connected = True
        except KafkaTimeoutError:
            reason = self._reason(limit)
            if not self._was_connected:  # nobody will hold this client, so nobody else can end it
                self._abandon()
            raise CannotConnect(reason) from self._last_failure

    def _abandon(self) -> None:
        sockets = list(self._context.sockets) if self._context else []
        self.close()
        self._net.close()
        for unclosed in sockets:
            unclosed.close()

    def _reason(self, limit: float) -> str:
        if self._last_failure is not None:
            return explain(self._last_failure)
        return f"no answer within {limit / 1000:g} s"


def explain(failure: BaseException) -> str:
    """Why a connection failed, with the settings to look at where they are known."""
    detail = _detail(failure)
    match failure:
        case SaslAuthenticationFailedError():
            return (
                "the broker refused the user: check SIGHTLINE_KAFKA_USERNAME and SIGHTLINE_KAFKA_PASSWORD"
                f" or SIGHTLINE_KAFKA_PASSWORD_FILE ({detail.rpartition('Error: ')[2]})"
            )
        case UnsupportedSaslMechanismError():
            return "the broker does not take this SIGHTLINE_KAFKA_SASL_MECHANISM"
        case IllegalSaslStateError() | KafkaProtocolError():
            return f"the broker's port speaks otherwise: check SIGHTLINE_KAFKA_SECURITY_PROTOCOL ({detail})"
    if isinstance(failure.__context__, ssl.SSLError):
        return _explain_tls(failure.__context__)
    if _telling(failure) == 0:
        return "the broker closes the connection: if it goes on, check SIGHTLINE_KAFKA_SECURITY_PROTOCOL and the user"
    return _explain_socket(detail)


def _explain_socket(detail: str) -> str:
    if detail == _NO_ADDRESS:
        return "the broker's name has no address: check SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS and DNS"
    match = _SOCKET_FAILURE.fullmatch(detail)
    number = None if match is None else getattr(errno, match[1], None)
    return detail if number is None else os.strerror(number).lower()


def _explain_tls(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"no TLS with the broker: check SIGHTLINE_KAFKA_SECURITY_PROTOCOL ({error.reason})"
    what = (
        "is for another host: check SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS"
        if error.verify_code in _HOST_MISMATCH
        else "is not trusted: check SIGHTLINE_KAFKA_CA_FILE"
    )
    return f"the broker's certificate {what} ({error.verify_message})"


def _detail(failure: BaseException) -> str:
    return str(failure.args[0]) if failure.args else str(failure)


def _telling(failure: BaseException) -> int:
    """How much a failure says of the cause: 0 nothing, 1 something, 2 all."""
    if isinstance(
        failure, SaslAuthenticationFailedError | UnsupportedSaslMechanismError | IllegalSaslStateError | NoToken
    ):
        return 2
    if isinstance(failure.__context__, ssl.SSLError):
        return 2
    return 0 if isinstance(failure, KafkaConnectionError) and _detail(failure) in _UNTOLD else 1
