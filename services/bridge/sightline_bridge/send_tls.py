"""The options of `sightline-send` about TLS."""

import argparse
from pathlib import Path

from sightline_bridge.errors import SendError, StartError
from sightline_bridge.guard.certificates import connecting
from sightline_bridge.guard.config import ConnectTls
from sightline_bridge.sender_socket import SenderTls


def add_tls_options(parser: argparse.ArgumentParser) -> None:
    """The options that `tls_of` reads."""
    group = parser.add_argument_group("TLS", "off unless one of these is given")
    group.add_argument("--tls", action="store_true", help="TLS, trusting the system's authorities")
    group.add_argument("--tls-ca", metavar="FILE", type=Path, help="trust the authorities in this PEM file instead")
    group.add_argument("--tls-certificate", metavar="FILE", type=Path, help="show this certificate (PEM)")
    group.add_argument("--tls-key", metavar="FILE", type=Path, help="its key (PEM, not encrypted)")
    group.add_argument("--tls-server-name", metavar="NAME", help="name in the bridge's certificate; default: HOST")


def tls_of(options: argparse.Namespace) -> SenderTls | None:
    """TLS as the options have it, None when they do not.

    Raises:
        SendError: a file cannot be used, a certificate has no key, or datagrams would go in the clear.
    """
    fields = (options.tls_ca, options.tls_certificate, options.tls_key, options.tls_server_name)
    if not options.tls and not any(fields):
        return None
    if options.udp:
        raise SendError("there is no TLS over UDP: nothing was sent")
    if (options.tls_certificate is None) != (options.tls_key is None):
        raise SendError("--tls-certificate and --tls-key belong together")
    ours = ConnectTls(ca=options.tls_ca, certificate=options.tls_certificate, key=options.tls_key)
    try:
        context = connecting(ours).context()
    except StartError as error:
        raise SendError(str(error)) from error
    return SenderTls(context, options.tls_server_name or options.address[0])
