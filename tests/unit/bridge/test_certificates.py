"""Certificates follow their files, and a half-done renewal leaves the old ones in use."""

import logging
import shutil
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_bridge.errors import StartError
from sightline_bridge.guard.certificates import Certificates, connecting, listening
from sightline_bridge.guard.client_name import NoClientName, client_name
from sightline_bridge.guard.config import ConnectTls, DoorConfig, ListenTls
from tests.unit.bridge.authority import Authority, Pair


def served(authority: Authority) -> tuple[Certificates, Pair]:
    pair = authority.issue("bridge")
    return listening(ListenTls(certificate=pair.certificate, key=pair.key)), pair


def replace(pair: Pair, by: Pair, *, key: bool = True) -> None:
    shutil.copy(by.certificate, pair.certificate)
    if key:
        shutil.copy(by.key, pair.key)


def test_a_context_is_kept_while_its_files_are_the_same(authority: Authority) -> None:
    certificates, _ = served(authority)
    context = certificates.context()
    assert certificates.context() is context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE


def test_renewed_files_are_used_for_the_next_connection(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    certificates, pair = served(authority)
    context = certificates.context()
    with caplog.at_level(logging.INFO):
        replace(pair, authority.issue("renewed"))
        renewed = certificates.context()
    assert renewed is not context
    assert certificates.context() is renewed
    assert "certificates were read again" in caplog.text


def test_sessions_of_tls_1_2_are_not_resumed(authority: Authority) -> None:
    """Its sessions were kept in the server's context, beyond tickets: for hours, and up to 20,000 certificates."""
    certificates, _ = served(authority)
    ours = connecting(ConnectTls(ca=authority.file)).context()
    ours.maximum_version = ssl.TLSVersion.TLSv1_2
    first = shaken(ours, certificates.context())
    again = shaken(ours, certificates.context(), first.session)
    assert (first.version(), again.version()) == ("TLSv1.2", "TLSv1.2")
    assert not again.session_reused
    assert certificates.context().session_stats()["number"] == 0


def test_handshakes_of_tls_1_3_leave_the_context_as_it_is(authority: Authority) -> None:
    certificates, _ = served(authority)
    context = certificates.context()
    assert shaken(connecting(ConnectTls(ca=authority.file)).context(), context).version() == "TLSv1.3"
    assert certificates.context() is context


def test_files_that_went_bad_are_not_said_again_for_each_session(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificates, pair = served(authority)
    ours = connecting(ConnectTls(ca=authority.file)).context()
    ours.maximum_version = ssl.TLSVersion.TLSv1_2
    pair.key.unlink()
    for _ in range(3):
        shaken(ours, certificates.context())
    assert len(caplog.messages) == 1


def shaken(ours: ssl.SSLContext, theirs: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLObject:
    """The client's side after a handshake, which may ask to resume `session`."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ours.wrap_bio(down, up, server_hostname="localhost", session=session)
    server = theirs.wrap_bio(up, down, server_side=True)
    left = [client, server]
    while left:
        side = left.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            left.append(side)
    for side in (server, client, server):  # OpenSSL forgets a session that did not end in order
        with suppress(ssl.SSLWantReadError):
            side.unwrap()
    return client


def test_half_a_renewal_leaves_the_old_certificate_in_use_and_is_said_once(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificates, pair = served(authority)
    context, renewed = certificates.context(), authority.issue("renewed")
    replace(pair, renewed, key=False)
    assert certificates.context() is context
    assert certificates.context() is context
    (line,) = caplog.messages
    assert "the key is not the certificate's" in line
    assert "stay in use" in line
    replace(pair, renewed)
    assert certificates.context() is not context


def test_a_file_that_is_gone_leaves_the_old_certificate_in_use(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificates, pair = served(authority)
    context = certificates.context()
    pair.key.unlink()
    assert certificates.context() is context
    assert "No such file or directory" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda pair: pair.certificate.unlink(), "No such file"),
        (lambda pair: pair.certificate.write_text("no PEM"), "not PEM"),
        (lambda pair: shutil.copy(pair.key.with_name("other.key"), pair.key), "the key is not the certificate's"),
        (lambda pair: encrypt(pair.key), "its key is encrypted"),
    ],
)
def test_files_that_cannot_be_used_are_named_at_start(
    authority: Authority, spoil: Callable[[Pair], object], reason: str
) -> None:
    pair = authority.issue("bridge")
    authority.issue("other")
    spoil(pair)
    with pytest.raises(StartError, match=reason) as refused:
        listening(ListenTls(certificate=pair.certificate, key=pair.key))
    assert str(pair.certificate) in str(refused.value)


def encrypt(key: Path) -> None:
    """OpenSSL asks the terminal for the password of such a key, unless it is told otherwise."""
    encrypted = key.with_suffix(".enc")
    command: list[str | Path] = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in", key, "-out", encrypted]
    subprocess.run(command, check=True, capture_output=True)
    shutil.move(encrypted, key)


def test_a_client_trusts_the_systems_authorities_or_those_it_is_given(authority: Authority) -> None:
    context = connecting(ConnectTls(ca=authority.file)).context()
    assert [entry["subject"] for entry in context.get_ca_certs()] == [((("commonName", "Test authority"),),)]
    assert context.check_hostname
    assert connecting(ConnectTls()).context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        ({"subject": ((("commonName", "camera-7"),),), "subjectAltName": (("DNS", "x"),)}, "camera-7"),
        ({"subject": ((("organizationName", "O"),), (("commonName", "Tür 3"),))}, "Tür 3"),
        (
            {"subject": (), "subjectAltName": (("IP Address", "10.0.0.1"), ("DNS", "a.example"), ("DNS", "b"))},
            "a.example",
        ),
    ],
)
def test_a_certificate_names_its_sender(certificate: dict[str, object], name: str) -> None:
    assert client_name(certificate) == name


@pytest.mark.parametrize(
    "certificate",
    [
        None,
        {"subject": ((("organizationName", "O"),),)},
        {"subject": ((("commonName", "camera-7"),), (("commonName", "camera-8"),))},
        {"subject": ((("commonName", "a\nb"),),)},
        {"subject": ((("commonName", "a\u202eb"),),)},
        {"subject": ((("commonName", ""),),)},
        {"subject": ((("commonName", "x" * 256),),)},
    ],
)
def test_a_sender_that_cannot_be_told_by_its_certificate_is_refused(certificate: dict[str, object] | None) -> None:
    with pytest.raises(NoClientName, match="its certificate"):
        client_name(certificate)


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (ListenTls, {"certificate": "c", "key": "k", "stream_from_client_name": True}, "needs client_ca"),
        (ListenTls, {"certificate": "c"}, "key"),
        (ListenTls, {"certificate": "c", "key": "k", "verify": False}, "verify"),
        (ConnectTls, {"certificate": "c"}, "belong together"),
        (DoorConfig, {"allow": ["10.0.0.1/8"]}, "has host bits set"),
        (DoorConfig, {"allow": ["camera"]}, "does not appear to be an IPv4 or IPv6 network"),
        (DoorConfig, {"allow": [1]}, "is no network such as"),
        (DoorConfig, {"allow": ["0.0.0.0/0"] * 257}, "allow"),
        (DoorConfig, {"max_connections_per_ip": 0}, "max_connections_per_ip"),
        (DoorConfig, {"handshake_timeout_s": 0}, "handshake_timeout_s"),
    ],
)
def test_what_cannot_work_is_refused(
    kind: type[ListenTls | ConnectTls | DoorConfig], fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        kind.model_validate(fields)


def test_an_expired_certificate_of_ours_still_loads(authority: Authority) -> None:
    """Whether it is valid is for the senders to judge: a clock that is wrong must not stop the bridge."""
    pair = authority.issue("bridge", valid=timedelta(hours=-1))
    context = listening(ListenTls(certificate=pair.certificate, key=pair.key)).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
