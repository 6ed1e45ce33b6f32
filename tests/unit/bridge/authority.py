"""Certificates of the tests' own."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtensionOID, NameOID


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path


@dataclass
class Authority:
    """Signs certificates; `file` is its own."""

    folder: Path
    name: str = "Test authority"
    _key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def __post_init__(self) -> None:
        self._subject = _name(self.name)
        own = _builder(self._subject, self._subject, self._key, timedelta(days=1))
        signed = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.file = self.folder / f"{self.name.replace(' ', '-')}.pem"
        self.file.write_bytes(signed.public_bytes(Encoding.PEM))

    def issue(
        self,
        *names: str,
        dns: tuple[str, ...] = ("localhost",),
        valid: timedelta = timedelta(days=1),
        stem: str | None = None,
        raw_dns: bytes | None = None,
    ) -> Pair:
        """A certificate with the common names `names`, for 127.0.0.1 and `dns`; files are called `stem`.

        `raw_dns` (below 126 bytes) is the only alternative name instead, whatever its bytes are.
        """
        key = generate_private_key(SECP256R1())
        alternatives = [*map(x509.DNSName, dns), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        extension: x509.ExtensionType = x509.SubjectAlternativeName(alternatives)
        if raw_dns is not None:
            encoded = bytes([0x30, len(raw_dns) + 2, 0x82, len(raw_dns)]) + raw_dns
            extension = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, encoded)
        builder = _builder(_name(*names), self._subject, key, valid)
        signed = builder.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())
        stem = stem or "-".join(names) or "nameless"
        pair = Pair(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        pair.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair


def _name(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, valid: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    end = now + valid
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - timedelta(hours=1))
        .not_valid_after(end)
    )
