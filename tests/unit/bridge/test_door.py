"""Who is let in, on real sockets: the allow list, the bounds, and TLS."""

import asyncio
import socket
import ssl
import time
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from sightline_bridge.guard.certificates import connecting
from sightline_bridge.guard.config import ConnectTls
from sightline_bridge.guard.door import DoorRules
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import closed_in_order, eventually
from tests.unit.bridge.entrance import HELLO, Entrance, Streams, client, entrance, served


async def test_only_addresses_of_the_list_are_let_in() -> None:
    rules = DoorRules(8, 8, allow=(ip_network("127.0.1.0/24"), ip_network("::1/128")))
    async with entrance(rules) as door:
        refused, _ = await door.connect("127.0.0.1")
        assert not await closed_in_order(refused)
        assert door.ends("not-allowed") == 1
        _, writer = await door.connect("127.0.1.9")
        writer.write(b"frames")
        await eventually(lambda: door.received == b"frames")


async def test_one_address_leaves_room_for_the_others() -> None:
    async with entrance(DoorRules(3, 2)) as door:
        first = [await door.connect("127.0.0.2"), await door.connect("127.0.0.2")]
        await eventually(lambda: len(door.guests) == 2)
        refused, _ = await door.connect("127.0.0.2")
        assert not await closed_in_order(refused)
        await door.connect("127.0.0.3")
        await eventually(lambda: len(door.guests) == 3)
        refused, _ = await door.connect("127.0.0.4")
        assert not await closed_in_order(refused)
        assert (door.ends("refused-one-sender"), door.ends("refused")) == (1, 1)
        door.may_close.set()
        first[0][1].close()
        await first[0][1].wait_closed()
        await eventually_let_in(door, "127.0.0.2")


async def eventually_let_in(door: Entrance, address: str) -> None:
    """Connect until it is let in: a place becomes free a moment after its connection's end."""
    before = len(door.guests)
    async with asyncio.timeout(10):
        while len(door.guests) == before:
            _, writer = await door.connect(address)
            writer.write(b"?")
            await asyncio.sleep(0.02)


async def test_refusals_are_counted_each_and_logged_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    begun = time.monotonic()
    async with entrance(DoorRules(8, 8, allow=(ip_network("10.0.0.0/8"),))) as door:
        for _ in range(30):
            refused, _ = await door.connect()
            assert not await closed_in_order(refused)
        assert door.ends("not-allowed") == 30
        lines = [record for record in caplog.records if "connection refused" in record.message]
        assert 1 <= len(lines) <= 1 + time.monotonic() - begun
        assert vars(lines[0])["peer"] == "127.0.0.1"


async def test_bytes_come_through_tls_and_our_close_waits_for_its_reason(authority: Authority) -> None:
    """The sender's last word alone does not make us close: a close tells it that Kafka has its frames."""
    async with entrance(DoorRules(8, 8, tls=served(authority))) as door:
        sender = socket.create_connection(("127.0.0.1", door.port))
        data = bytes(range(256)) * 4000

        def send() -> ssl.SSLSocket:
            secure = client(authority).wrap_socket(sender, server_hostname="localhost")
            secure.sendall(data)
            secure.settimeout(0.3)
            with pytest.raises(TimeoutError):
                secure.unwrap()
            return secure

        secure = await asyncio.to_thread(send)
        await eventually(lambda: door.received == data)
        door.may_close.set()
        secure.settimeout(10)
        plain = await asyncio.to_thread(secure.unwrap)
        assert await asyncio.to_thread(plain.recv, 1) == b""
        plain.close()


async def test_a_wire_that_is_cut_is_no_end_in_order(authority: Authority) -> None:
    async with entrance(DoorRules(8, 8, tls=served(authority))) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as sender:
            secure = await asyncio.to_thread(client(authority).wrap_socket, sender, server_hostname="localhost")
            secure.sendall(b"whole frames")
            await eventually(lambda: door.received == b"whole frames")
            plain = socket.socket(fileno=secure.detach())
            plain.shutdown(socket.SHUT_WR)
            with plain, pytest.raises(ConnectionResetError):
                await asyncio.to_thread(plain.recv, 1)


async def test_handshakes_that_never_end_hold_no_connection(authority: Authority) -> None:
    """Two connections may be open, and twenty peers are silent in their handshake: a sender still gets in."""
    async with entrance(DoorRules(2, 2, tls=served(authority, timeout_s=60))) as door:
        await silent_in_their_handshake(door)
        _, sender = await door.connect(tls=client(authority))
        sender.write(b"frames")
        await eventually(lambda: door.received == b"frames")
        assert len(door.guests) == 1


async def test_handshakes_that_never_end_are_given_up(authority: Authority) -> None:
    async with entrance(DoorRules(2, 2, tls=served(authority, timeout_s=0.2))) as door:
        for reader, _ in await silent_in_their_handshake(door):
            assert not await closed_in_order(reader)
        assert door.ends("handshake-timeout") == 20


async def silent_in_their_handshake(door: Entrance) -> list[Streams]:
    """Twenty peers, half of which have begun."""
    silent = [await door.connect() for _ in range(20)]
    for _, writer in silent[::2]:
        writer.write(HELLO)
    return silent


async def test_handshakes_of_one_address_leave_room_for_others(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline_bridge.guard.door.MOST_HANDSHAKES_OF_ONE", 3)
    async with entrance(DoorRules(8, 8, tls=served(authority))) as door:
        for _ in range(3):
            await door.connect("127.0.0.2")
        refused, _ = await door.connect("127.0.0.2")
        assert not await closed_in_order(refused)
        await door.connect("127.0.0.3", client(authority))
        await eventually(lambda: len(door.guests) == 1)


async def test_what_a_full_bridge_refuses_costs_it_no_handshake(authority: Authority) -> None:
    async with entrance(DoorRules(1, 1, tls=served(authority))) as door:
        await door.connect(tls=client(authority))
        await eventually(lambda: len(door.guests) == 1)
        refused, _ = await door.connect()
        assert not await closed_in_order(refused)
        assert door.ends("refused") == 1


async def test_the_senders_certificate_names_it(authority: Authority) -> None:
    async with entrance(DoorRules(8, 8, tls=served(authority, names=True))) as door:
        await door.connect(tls=client(authority, "camera-7"))
        await eventually(lambda: [guest.client_name for guest in door.guests] == ["camera-7"])


async def test_a_certificate_that_cannot_be_decoded_is_refused_and_stops_nothing(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """An authority may sign what is no text: `ssl` raised then, and the whole bridge stopped."""
    pair = authority.issue("camera-7", raw_dns=b"camera-\xff")
    spoilt = connecting(ConnectTls(ca=authority.file, certificate=pair.certificate, key=pair.key)).context()
    async with entrance(DoorRules(8, 8, tls=served(authority, names=True))) as door:
        await refused_handshake(door, spoilt)
        await eventually(lambda: door.ends("tls-failed") == 1)
        assert "its certificate cannot be read" in caplog.text


async def refused_handshake(door: Entrance, context: ssl.SSLContext) -> None:
    """With TLS 1.3 a client learns only after its handshake that it was refused."""
    try:
        reader, _ = await door.connect(tls=context)
        assert await reader.read() == b""
    except (ssl.SSLError, ConnectionError):
        return
    pytest.fail("not refused")


async def test_senders_without_a_certificate_that_we_trust_are_refused(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = Authority(tmp_path, "Another authority")
    pair = stranger.issue("camera-7", stem="forged")
    forged = connecting(ConnectTls(ca=authority.file, certificate=pair.certificate, key=pair.key)).context()
    expired = client(authority, "camera-8", valid=timedelta(hours=-1))
    async with entrance(DoorRules(8, 8, tls=served(authority, names=True))) as door:
        for context in (client(authority), forged, expired):
            await refused_handshake(door, context)
        await eventually(lambda: door.ends("tls-failed") == 3)
        assert door.guests == []
        assert "it shows no certificate" in caplog.text


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"camera-7".ljust(28) + b"\0\0\0\6GIF89a"])
async def test_what_is_no_tls_is_refused(authority: Authority, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with entrance(DoorRules(8, 8, tls=served(authority))) as door:
        reader, writer = await door.connect()
        writer.write(data)
        await asyncio.wait_for(ended(reader), 10)
        await eventually(lambda: door.ends("tls-failed") == 1)
        assert "it does not speak TLS" in caplog.text


async def ended(reader: asyncio.StreamReader) -> None:
    try:
        await reader.read()
    except ConnectionResetError:
        return


async def test_tls_before_1_2_is_refused(authority: Authority) -> None:
    old = client(authority)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with entrance(DoorRules(8, 8, tls=served(authority))) as door:
        await refused_handshake(door, old)
        await eventually(lambda: door.ends("tls-failed") == 1)


async def test_a_renewed_certificate_is_shown_to_the_next_sender(authority: Authority) -> None:
    tls = served(authority)
    async with entrance(DoorRules(8, 8, tls=tls)) as door:
        shown = [await serial(door, authority)]
        authority.issue("bridge")  # over the same files
        shown.append(await serial(door, authority))
    assert shown[0] != shown[1]


async def serial(door: Entrance, authority: Authority) -> str:
    """Of the certificate that the bridge shows."""
    _, writer = await door.connect(tls=client(authority))
    return str(writer.get_extra_info("peercert")["serialNumber"])


async def test_a_stop_gives_up_handshakes_under_way(authority: Authority) -> None:
    async with entrance(DoorRules(8, 8, tls=served(authority, timeout_s=60))) as door:
        reader, writer = await door.connect()
        writer.write(HELLO)
        await eventually(lambda: any(task.get_name().startswith("handshake") for task in asyncio.all_tasks()))
        await door.close()
        assert not await closed_in_order(reader)
