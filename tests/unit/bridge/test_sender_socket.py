"""What a sender hears on its connection although the bridge says nothing in between: TLS's own, and answers."""

import asyncio
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sightline_bridge.config import TcpListenConfig
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.guard.certificates import connecting
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.sender import send_frames
from sightline_bridge.sender_socket import SenderTls, connect, is_closed
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import running


def trusting(authority: Authority) -> SenderTls:
    return SenderTls(connecting(ConnectTls(ca=authority.file)).context(), "localhost")


@contextmanager
def proxy(authority: Authority) -> Iterator[tuple[int, threading.Event]]:
    """A server with OpenSSL's own settings, which gives sessions after a handshake; it ends when told."""
    pair, over = authority.issue("proxy"), threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    def serve(listener: socket.socket) -> None:
        with context.wrap_socket(listener.accept()[0], server_side=True):
            over.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], over
        finally:
            over.set()
            thread.join()


def test_a_session_of_tls_is_neither_an_end_nor_waited_behind(authority: Authority) -> None:
    """It can be read, and the look for the end took it and waited for what a proxy never says."""
    with proxy(authority) as (port, over), connect(("127.0.0.1", port), trusting(authority)) as sender:
        sender.settimeout(5)
        assert select.select([sender], [], [], 10)[0], "the sessions are there"
        assert not is_closed(sender)
        assert sender.gettimeout() == 5
        over.set()
        assert select.select([sender], [], [], 10)[0], "the end is there"
        assert is_closed(sender)


async def test_a_sender_of_few_plain_frames_over_tls_learns_that_its_source_wants_others(authority: Authority) -> None:
    """The answer came after all was written, where TLS calls it application data after close notify."""
    pair = authority.issue("bridge")
    tls = ListenTls(certificate=pair.certificate, key=pair.key)
    async with running(TcpListenConfig(name="default", port=0, ack="frame", tls=tls)) as bridge:
        address, frames = ("127.0.0.1", bridge.server.port), [("a", bytes(100))]
        with pytest.raises(SendError, match=r"as a source with `ack: frame` does: use --ack"):
            await asyncio.to_thread(send_frames, address, frames, FRAMINGS["fixed28"], tls=trusting(authority))
