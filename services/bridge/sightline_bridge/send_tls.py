"""The options of `sightline-send` and `sightline-simulate` about TLS."""

import argparse
import ssl
from pathlib import Path

from sightline_bridge.errors import SendError, StartError
from sightline_bridge.guard.certificates import connecting, listening
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.sender_socket import SenderTls


def add_tls_options(parser: argparse.ArgumentParser) -> None:
    """The options that the functions below read."""
    group = parser.add_argument_group("TLS", "off unless one of these is given")
    group.add_argument("--tls", action="store_true", help="TLS, trusting the system's authorities")
    group.add_argument("--tls-ca", metavar="FILE", type=Path, help="trust the authorities in this PEM file instead")
    group.add_argument("--tls-certificate", metavar="FILE", type=Path, help="show this certificate (PEM)")
    group.add_argument("--tls-key", metavar="FILE", type=Path, help="its key (PEM, not encrypted)")
    group.add_argument("--tls-server-name", metavar="NAME", help="name in the bridge's certificate; default: HOST")


def wants_tls(options: argparse.Namespace) -> bool:
    """Whether any of them is given."""
    fields = (options.tls_ca, options.tls_certificate, options.tls_key, options.tls_server_name)
    return options.tls or any(field is not None for field in fields)


def tls_of(options: argparse.Namespace, host: str) -> SenderTls | None:
    """TLS towards a bridge on `host`, None when no option asks for it.

    Raises:
        SendError: a file cannot be used, or a certificate has no key.
    """
    if not wants_tls(options):
        return None
    if (options.tls_certificate is None) != (options.tls_key is None):
        raise SendError("--tls-certificate and --tls-key belong together")
    ours = ConnectTls(ca=options.tls_ca, certificate=options.tls_certificate, key=options.tls_key)
    try:
        context = connecting(ours).context()
    except StartError as error:
        raise SendError(str(error)) from error
    return SenderTls(context, options.tls_server_name or host)


def serving_tls_of(options: argparse.Namespace) -> ssl.SSLContext | None:
    """TLS towards a bridge that dials us, None when no option asks for it; both files of ours have to be given.

    With `--tls-ca` the bridge has to show a certificate of those authorities.

    Raises:
        SendError: a file cannot be used.
    """
    if not wants_tls(options):
        return None
    ours = ListenTls(certificate=options.tls_certificate, key=options.tls_key, client_ca=options.tls_ca)
    try:
        return listening(ours).context()
    except StartError as error:
        raise SendError(str(error)) from error
