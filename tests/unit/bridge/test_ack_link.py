"""The Python sender's connection, with a socket at its far end on which the test says what the bridge would."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sightline_bridge.ack import link as ack_link
from sightline_bridge.ack.link import Link, LinkLost
from sightline_bridge.ack.messages import FRAME_BYTES, GoodbyeCode, encode_hello, welcome
from sightline_bridge.ack.outbox import Outbox
from tests.unit.bridge.ack_peer import goodbye

MIB = 1024 * 1024
PAYLOAD_BYTES = 16 * MIB  # more than the kernel holds of a connection


@contextmanager
def linked(outbox: Outbox) -> Iterator[tuple[Link, socket.socket]]:
    """A connection and its far end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = Link(server.getsockname(), "s", outbox, None)
        far, _ = server.accept()
    with far:
        try:
            yield link, far
        finally:
            link.close()


def test_behind_a_goodbye_only_the_frame_that_has_begun_is_written() -> None:
    """The bridge reads that one to its end; the others were lost with the connection, and kept it from closing."""
    outbox, received = Outbox(most_bytes=4 * PAYLOAD_BYTES), 0
    with linked(outbox) as (link, far):
        far.sendall(welcome(8, PAYLOAD_BYTES).encode())
        for _ in range(3):
            while not outbox.has_room(PAYLOAD_BYTES):
                link.exchange(0.1)
            outbox.add(None, bytes(PAYLOAD_BYTES))
        while not far.recv(MIB, socket.MSG_PEEK)[len(encode_hello("s")) :]:
            link.exchange(0.1)
        far.sendall(goodbye(GoodbyeCode.GOING_AWAY))
        while outbox.goodbye is None:
            link.exchange(0.1)
        whole = len(encode_hello("s")) + FRAME_BYTES + PAYLOAD_BYTES
        while received < whole:
            link.exchange(0)
            received += len(far.recv(MIB))
        link.exchange(0)
        link.close()
        while more := far.recv(MIB):
            received += len(more)
    assert received == whole


def test_a_bridge_that_does_not_even_welcome_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen bridge, or a balancer in front of none, held the sender for all of its patience."""
    monkeypatch.setattr(ack_link, "WELCOME_S", 0.2)
    outbox = Outbox(most_bytes=MIB)
    outbox.add(None, b"x")
    with linked(outbox) as (link, _), pytest.raises(LinkLost, match="silent"):
        exchange_for_long(link)


def exchange_for_long(link: Link) -> None:
    for _ in range(40):
        link.exchange(0.05)
