"""What TLS objects to, in words for whoever reads the log."""

import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NOT_TLS: Final = "it does not speak TLS"
_DISTRUST: Final = "it does not trust our certificate"
_OLD: Final = "it speaks no TLS from 1.2 on"
_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "HTTP_REQUEST": _NOT_TLS,
        "WRONG_VERSION_NUMBER": _NOT_TLS,
        "PACKET_LENGTH_TOO_LONG": _NOT_TLS,
        "RECORD_LAYER_FAILURE": _NOT_TLS,
        "UNSUPPORTED_PROTOCOL": _OLD,
        "TLSV1_ALERT_PROTOCOL_VERSION": _OLD,
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate of ours",
        "NO_SHARED_CIPHER": "it shares no cipher with us",
        "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
        "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": _DISTRUST,
        "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "its bytes were changed on the way",
    }
)


class HandshakeFailed(Exception):
    """No TLS with a peer; the message says why, beginning with `it`."""


class NotTls(HandshakeFailed):
    """A peer that speaks something else: any answer could be taken for one in its own protocol."""


class HandshakeTimeout(Exception):
    """A peer did not finish its handshake in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"its handshake took longer than {seconds:g} s")


def handshake_failure(error: ssl.SSLError) -> HandshakeFailed:
    """What a handshake's `error` says about the peer."""
    words = explained(error)
    return NotTls(words) if words == _NOT_TLS else HandshakeFailed(words)


def explained(error: ssl.SSLError) -> str:
    """What `error` says about the peer, who is `it`."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLEOFError():
            return "it ended without TLS's own word for it: what came last may be missing"
    reason = error.reason or "unknown"
    return _REASONS.get(reason) or f"TLS says {reason.lower().replace('_', ' ')}"
