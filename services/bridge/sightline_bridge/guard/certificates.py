"""TLS contexts whose certificates follow their files: a renewed certificate needs no restart."""

import logging
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias, final

from sightline_bridge.errors import StartError
from sightline_bridge.guard.config import ConnectTls, ListenTls

_Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]
# OpenSSL would ask the terminal for the password of an encrypted key, and wait there.
_NO_PASSWORD: Final = ""
# What OpenSSL's level of security refuses in a certificate that it can read: RSA of 1024 bits, a signature with SHA-1.
_WEAK: Final = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"})
_FILES: Final = ("certificate", "key", "client_ca", "ca")

log = logging.getLogger(__name__)


@final
class Certificates:
    """A TLS context, made anew when one of its files has changed, or when it holds sessions. For one event loop."""

    def __init__(self, files: Iterable[Path | None], load: Callable[[], ssl.SSLContext]) -> None:
        """Raises StartError when a file cannot be used."""
        self._files = tuple(file for file in files if file is not None)
        self._load = load
        self._stamp = self._stamp_now()
        try:
            self._context = load()
            self._usable = True
        except OSError as error:
            raise StartError(self._unusable(error)) from error

    def context(self) -> ssl.SSLContext:
        """The context for the next connection. While new files cannot be used, the old certificates stay in use."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp
            if self._reload():
                log.info("certificates were read again: %s", self._named())
        elif self._usable and self._context.session_stats()["number"]:
            # Sessions of TLS 1.2 are kept in the context, whatever its options; nothing else forgets them.
            self._reload()
        return self._context

    def _reload(self) -> bool:
        try:
            self._context = self._load()
        except OSError as error:  # half of a renewal, perhaps: the other half changes the stamp again
            log.warning("%s; the ones read before stay in use", self._unusable(error))
            self._usable = False
        else:
            self._usable = True
        return self._usable

    def _stamp_now(self) -> _Stamp:
        return tuple(map(_stamp_of, self._files))

    def _unusable(self, error: OSError) -> str:
        return f"certificates cannot be used: {_reason(error)} ({self._named()})"

    def _named(self) -> str:
        return ", ".join(map(str, self._files))


def listening(tls: ListenTls) -> Certificates:
    """The contexts of a server. Raises StartError when a file cannot be used."""

    def load() -> ssl.SSLContext:
        context = _context(ssl.PROTOCOL_TLS_SERVER)
        # Nothing is resumed, so that a certificate counts at each connection; see Certificates for TLS 1.2.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.load_cert_chain(tls.certificate, tls.key, _NO_PASSWORD)
        if tls.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(tls.client_ca)
        return context

    return Certificates((tls.certificate, tls.key, tls.client_ca), load)


def connecting(tls: ConnectTls) -> Certificates:
    """The contexts of a client. Raises StartError when a file cannot be used."""

    def load() -> ssl.SSLContext:
        context = _context(ssl.PROTOCOL_TLS_CLIENT)  # which verifies certificates and host names
        if tls.ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, _NO_PASSWORD)
        return context

    return Certificates((tls.ca, tls.certificate, tls.key), load)


def file_problems(tls: ListenTls | ConnectTls) -> dict[str, str]:
    """What is wrong with the files of `tls`, by field; nothing when they can be used as they are now."""
    files = {field: path for field in _FILES if (path := getattr(tls, field, None)) is not None}
    unreadable = {field: reason for field, path in files.items() if (reason := _unreadable(path))}
    if unreadable:
        return unreadable
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    without = {field: f"{path} holds no certificate (PEM)" for field, path in files.items() if field != "key"}
    strange = {field: text for field, text in without.items() if not _holds_certificates(context, files[field])}
    if strange or "certificate" not in files:
        return strange
    try:
        context.load_cert_chain(files["certificate"], files["key"], _NO_PASSWORD)
    except ssl.SSLError as error:
        if error.reason in _WEAK:
            return {"certificate": f"{files['certificate']} is too weak ({_words(error.reason)})"}
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        why = f"is not the key of {files['certificate']}" if mismatch else "is no key (PEM), or encrypted"
        return {"key": f"{files['key']} {why}"}
    return {}


def _unreadable(path: Path) -> str | None:
    try:
        with path.open("rb"):
            return None
    except OSError as error:
        return f"cannot read {path}: {error.strerror or error}"


def _holds_certificates(context: ssl.SSLContext, path: Path) -> bool:
    try:
        context.load_verify_locations(path)
    except OSError:
        return False
    return True


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # it costs us more than those who ask for it
    return context


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None  # whoever reads it says why
    return status.st_ino, status.st_size, status.st_mtime_ns


def _reason(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not the certificate's"
    if error.reason in _WEAK:
        return f"the certificate is too weak ({_words(error.reason)})"
    return "a file is not PEM, or its key is encrypted"


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")
