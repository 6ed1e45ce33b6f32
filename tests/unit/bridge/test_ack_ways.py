"""Acknowledged frames over everything else that can answer: Unix sockets, connections that we dial, TLS."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from sightline_bridge.ack.messages import AnswerKind, GoodbyeCode, NackCode
from sightline_bridge.config import TcpConnectConfig, TcpListenConfig, UnixListenConfig
from sightline_bridge.guard.certificates import connecting
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_local.ports import free_port
from tests.unit.bridge.ack_peer import build_c_sender
from tests.unit.bridge.acknowledging import DEADLINE_S, Sender, ack, goodbye, nack
from tests.unit.bridge.authority import Authority, Pair
from tests.unit.bridge.doubles import MIB, Bridge, eventually, running
from tests.unit.bridge.processes import wait_until
from tests.unit.bridge.test_ack_session import damaged_name, frame


async def greeted(sender: Sender) -> Sender:
    assert (await sender.hello()).kind is AnswerKind.WELCOME
    return sender


@asynccontextmanager
async def over_unix(path: Path) -> AsyncIterator[tuple[Bridge, Sender]]:
    async with running(UnixListenConfig(name="local", path=path, ack="frame")) as bridge:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            yield bridge, await greeted(Sender(reader, writer))
        finally:
            writer.close()


@asynccontextmanager
async def over_tls(authority: Authority) -> AsyncIterator[tuple[Bridge, Sender]]:
    ours = authority.issue("bridge")
    tls = ListenTls(certificate=ours.certificate, key=ours.key)
    context = connecting(ConnectTls(ca=authority.file)).context()
    async with running(TcpListenConfig(name="default", port=0, ack="frame", tls=tls)) as bridge:
        port = bridge.server.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        try:
            yield bridge, await greeted(Sender(reader, writer))
        finally:
            writer.close()


@asynccontextmanager
async def over(way: str, authority: Authority) -> AsyncIterator[tuple[Bridge, Sender]]:
    opened = over_tls(authority) if way == "tls" else over_unix(authority.folder / "camera.sock")
    async with opened as (bridge, sender):
        yield bridge, sender


each_way = pytest.mark.parametrize("way", ["unix", "tls"])


@each_way
async def test_frames_are_acknowledged_once_kafka_has_them(way: str, authority: Authority) -> None:
    async with over(way, authority) as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1) + frame(2, bytes(200_000)))
        await eventually(lambda: bridge.publisher.in_flight == 2)
        sender.writer.write(damaged_name(3, b"\xff"))
        assert await sender.answer() == nack(3, NackCode.BAD_NAME), "an acknowledgement would come before it"
        bridge.publisher.acknowledging.set()
        while await sender.answer() != ack(3):
            pass
        assert {record.source for record in bridge.publisher.published} == {"device" if way == "unix" else "tcp"}


@each_way
async def test_a_bridge_that_stops_says_so_and_acknowledges_what_it_took(way: str, authority: Authority) -> None:
    async with over(way, authority) as (bridge, sender):
        bridge.publisher.acknowledging.clear()
        sender.writer.write(frame(1))
        await eventually(lambda: bridge.publisher.in_flight == 1)
        stopping = asyncio.create_task(bridge.source.stop(DEADLINE_S))
        assert await sender.answer() == goodbye(GoodbyeCode.GOING_AWAY)
        bridge.publisher.acknowledging.set()
        assert await sender.rest() == [ack(1)]
        sender.writer.close()
        await stopping
        assert bridge.ends("stopped") == 1


@each_way
async def test_last_answers_reach_a_sender_that_goes_on_writing(way: str, authority: Authority) -> None:
    async with over(way, authority) as (bridge, sender):
        sender.writer.write(frame(1) + frame(2) + b"?" * 20 + bytes(4 * MIB))
        answers = await sender.rest()
        assert goodbye(GoodbyeCode.BAD_MESSAGE) in answers
        assert answers[-1] == ack(2)
        sender.writer.close()
        await eventually(lambda: bridge.metric("connections") == 0)


async def test_a_sender_that_we_dial_again_sends_again_and_the_frame_has_the_same_id() -> None:
    dialled: asyncio.Queue[Sender] = asyncio.Queue()
    server = await asyncio.start_server(lambda *streams: dialled.put_nowait(Sender(*streams)), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running(TcpConnectConfig(name="gate", host="127.0.0.1", port=port, ack="frame")) as bridge:
        sender = await greeted(await asyncio.wait_for(dialled.get(), DEADLINE_S))
        sender.writer.write(frame(9))
        assert await sender.answer() == ack(9)
        sender.writer.transport.abort()
        sender = await greeted(await asyncio.wait_for(dialled.get(), DEADLINE_S))
        sender.writer.write(frame(9) + frame(10))
        while await sender.answer() != ack(10):
            pass
        ids = [record.id for record in bridge.publisher.published]
        assert ids[0] == ids[1] != ids[2]
        stopping = asyncio.create_task(bridge.source.stop(DEADLINE_S))
        assert await sender.rest() == [goodbye(GoodbyeCode.GOING_AWAY)]
        sender.writer.close()
        await stopping
    server.close()


@contextmanager
def forwarding(port: int, authority: Authority, ours: Pair) -> Iterator[int]:
    """The plain port from which socat carries everything over TLS to `port`."""
    plain = free_port()
    secure = f"OPENSSL:localhost:{port},cafile={authority.file},cert={ours.certificate},key={ours.key}"
    listen = f"TCP-LISTEN:{plain},bind=127.0.0.1,reuseaddr,fork"
    with subprocess.Popen(["socat", listen, secure]) as socat:
        try:
            wait_until(lambda: _listens(plain), "socat listens")
            yield plain
        finally:
            socat.terminate()


def _listens(port: int) -> bool:
    """Without a connection, which socat would carry on to the bridge."""
    return any(line.split()[1].endswith(f":{port:04X}") for line in Path("/proc/net/tcp").read_text().splitlines()[1:])


@pytest.mark.process
@pytest.mark.skipif(shutil.which("socat") is None, reason="socat is not installed")
async def test_the_c_sender_goes_over_tls_behind_a_forwarder(authority: Authority, tmp_path: Path) -> None:
    """As docs/security.md says."""
    pair, image = authority.issue("bridge"), tmp_path / "a.jpg"
    image.write_bytes(b"\xff\xd8\xff" + os.urandom(100_000))
    tls = ListenTls(certificate=pair.certificate, key=pair.key, client_ca=authority.file, stream_from_client_name=True)
    sender = build_c_sender(tmp_path)
    async with running(TcpListenConfig(name="default", port=0, ack="frame", tls=tls)) as bridge:
        with forwarding(bridge.server.port, authority, authority.issue("camera-7")) as port:
            command = list(map(str, [sender, "-r", 20, "127.0.0.1", port, image]))
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
            await eventually(lambda: bridge.ends("closed") == 1)
        assert {record.stream for record in bridge.publisher.published} == {"camera-7"}
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("acknowledged 20 frames, sent again 0")
