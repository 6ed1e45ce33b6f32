"""The name that a sender's certificate gives it."""

from collections.abc import Mapping
from typing import Final

from sightline_common.secret_file import has_control

# It becomes a header of every record; X.509 allows 64 characters in a common name, DNS 253.
LONGEST: Final = 255


class NoClientName(Exception):
    """A certificate whose sender cannot be told; the message begins with `it`."""


def client_name(certificate: Mapping[str, object] | None) -> str:
    """The certificate's common name, or its first DNS name when it has none.

    `certificate` is as `ssl.SSLObject.getpeercert` shows it.

    Raises:
        NoClientName: there is none, there are several common names, or it is no printable text of up to 255 characters.
    """
    names = _common_names(certificate or {}) or _dns_names(certificate or {})[:1]
    if len(names) != 1:
        raise NoClientName("its certificate has no name" if not names else "its certificate has several common names")
    name = names[0]
    if not name or len(name) > LONGEST or has_control(name) or not name.isprintable():
        raise NoClientName("its certificate's name cannot be used")
    return name


def _common_names(certificate: Mapping[str, object]) -> list[str]:
    subject = certificate.get("subject", ())
    assert isinstance(subject, tuple)
    return [value for part in subject for key, value in part if key == "commonName"]


def _dns_names(certificate: Mapping[str, object]) -> list[str]:
    alternatives = certificate.get("subjectAltName", ())
    assert isinstance(alternatives, tuple)
    return [value for kind, value in alternatives if kind == "DNS"]
