"""TLS without a socket: the bytes of the wire may be cut anywhere, and each direction ends by itself."""

import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline_bridge.guard.certificates import connecting, listening
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.guard.tls_session import TlsSession
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.wire import cut

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Of a client and of a server that trust each other."""
    authority = Authority(tmp_path_factory.mktemp("tls"))
    server, client = authority.issue("bridge"), authority.issue("camera-7")
    ours = ConnectTls(ca=authority.file, certificate=client.certificate, key=client.key)
    theirs = ListenTls(certificate=server.certificate, key=server.key, client_ca=authority.file)
    return connecting(ours).context(), listening(theirs).context()


def pair(contexts: Contexts) -> tuple[TlsSession, TlsSession]:
    """A client and a server after their handshake."""
    client = TlsSession(contexts[0], server_side=False, server_name="localhost")
    server = TlsSession(contexts[1], server_side=True)
    done = {client: client.shake_hands(), server: False}
    while not all(done.values()):
        for sender, receiver in ((client, server), (server, client)):
            receiver.feed(sender.outgoing())
            done[receiver] = receiver.shake_hands()
    client.feed(server.outgoing())
    return client, server


def everything(session: TlsSession) -> bytes:
    """What can be read now."""
    found = b""
    while data := session.read():
        found += data
    return found


@settings(max_examples=30)
@given(data=st.binary(min_size=1, max_size=100_000), positions=st.lists(st.integers(0, 200_000), max_size=20))
def test_what_is_read_does_not_depend_on_how_the_wire_was_cut(
    contexts: Contexts, data: bytes, positions: list[int]
) -> None:
    client, server = pair(contexts)
    client.write(data)
    found = b""
    for piece in cut(client.outgoing(), positions):
        server.feed(piece)
        found += everything(server)
    assert found == data
    assert server.pending_bytes == 0


def test_bytes_go_straight_to_their_place(contexts: Contexts) -> None:
    client, server = pair(contexts)
    data = bytes(range(256)) * 200
    client.write(data)
    server.feed(client.outgoing())
    place = bytearray(60_000)
    assert server.read_into(memoryview(place)[:50_000]) == 50_000
    assert server.read_into(memoryview(place)[50_000:]) == 1_200
    assert server.read_into(memoryview(place)) is None
    assert place[:51_200] == data


def test_a_peer_that_sends_no_more_can_still_be_answered(contexts: Contexts) -> None:
    """TLS of asyncio closes both directions then: a sender would take our close for Kafka's acknowledgement."""
    client, server = pair(contexts)
    client.write(b"the last frame")
    client.end()
    server.feed(client.outgoing())
    assert everything(server) == b"the last frame"
    assert server.read() == b""
    assert server.outgoing() == b""
    server.write(b"all is in Kafka")
    server.end()
    client.feed(server.outgoing())
    assert everything(client) == b"all is in Kafka"
    assert client.read() == b""


def test_an_end_without_the_peers_word_is_an_error_after_what_came_before(contexts: Contexts) -> None:
    client, server = pair(contexts)
    client.write(b"a frame")
    server.feed(client.outgoing())
    server.feed_end()
    assert server.read() == b"a frame"
    with pytest.raises(ssl.SSLEOFError):
        server.read()


def test_changed_bytes_are_an_error_after_what_came_before(contexts: Contexts) -> None:
    client, server = pair(contexts)
    client.write(b"good")
    good = client.outgoing()
    client.write(b"changed")
    changed = bytearray(client.outgoing())
    changed[-1] ^= 1
    server.feed(good + bytes(changed))
    place = memoryview(bytearray(100))
    assert server.read_into(place) == 4
    with pytest.raises(ssl.SSLError):
        server.read_into(place)


def test_no_resumption_is_offered_so_that_a_changed_authority_counts_at_once(contexts: Contexts) -> None:
    client, server = pair(contexts)
    assert server.version == "TLSv1.3"
    assert server.outgoing() == b"", "no ticket"
    assert client._object.session is None or not client._object.session.has_ticket


def test_the_peers_certificate_is_shown(contexts: Contexts) -> None:
    _, server = pair(contexts)
    certificate = server.certificate()
    assert certificate is not None
    assert certificate["subject"] == ((("commonName", "camera-7"),),)
