"""The bridge over real sockets: what arrives, in which order, and how a connection ends."""

import logging
import socket
import time
from types import SimpleNamespace

import pytest

from sightline_bridge import frame_reader
from sightline_bridge.connection import Connection
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.framing.config import FramingName
from sightline_bridge.sources.socket_stream import SocketStream
from sightline_contracts.ids import is_issued
from tests.unit.bridge.doubles import closed_in_order, eventually, running, source
from tests.unit.bridge.wire import as_received

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
FRAMES = [Frame("a.png", PNG), Frame("b.jpg", b"\xff\xd8\xff" + bytes(300_000)), Frame("c.txt", b"no image")]
FIXED28 = FRAMINGS["fixed28"]


def wire(*frames: Frame, framing: str = "fixed28") -> bytes:
    return b"".join(FRAMINGS[framing].encode(frame) for frame in frames)


def numbered(count: int, size: int = 100) -> list[Frame]:
    return [Frame(f"{number}", bytes([number % 256]) * size) for number in range(count)]


@pytest.mark.parametrize("framing", ["fixed28", "named", "length"])
async def test_frames_become_records_in_order(framing: FramingName) -> None:
    async with running(source(framing)) as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(*FRAMES, framing=framing))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == as_received(FRAMINGS[framing], FRAMES)
        assert bridge.frames("published") == 3
        assert bridge.metric("published_bytes_total") == sum(len(frame.payload) for frame in FRAMES)
        assert bridge.metric("received_bytes_total") == len(wire(*FRAMES, framing=framing))
        await eventually(lambda: bridge.ends("closed") == 1 and bridge.metric("connections") == 0)


async def test_a_record_says_where_it_came_from_and_what_it_is() -> None:
    async with running() as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(*FRAMES))
        writer.write_eof()
        assert await closed_in_order(reader)
        records = bridge.publisher.published
    assert [record.content_type for record in records] == ["image/png", "image/jpeg", "application/octet-stream"]
    assert {(record.source, record.stream, record.model) for record in records} == {("tcp", "tcp:127.0.0.1", None)}
    assert len({record.id for record in records}) == 3
    assert all(is_issued(record.id) for record in records)
    assert all(record.accepted_at > 1_700_000_000_000 for record in records)


async def test_stream_and_model_are_settings() -> None:
    async with running(source(stream="gate-7", model="digits-lenet")) as bridge:
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: len(bridge.publisher.published) == 1)
        assert bridge.publisher.published[0].stream == "gate-7"
        assert bridge.publisher.published[0].model == "digits-lenet"


async def test_several_frames_are_in_flight_and_a_close_waits_for_all() -> None:
    frames = numbered(50)
    async with running() as bridge:
        bridge.publisher.acknowledging.clear()
        reader, writer = await bridge.connect()
        writer.write(wire(*frames))
        writer.write_eof()
        await eventually(lambda: bridge.publisher.most_in_flight == 50)
        assert bridge.publisher.published == []
        assert bridge.metric("connections") == 1
        bridge.publisher.acknowledging.set()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == frames


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"a".ljust(28) + b"\x7f\xff\xff\xff", "bad-length"),
        (b"a".ljust(28) + b"\0\0\0\0", "bad-length"),
        (b" " * 28 + b"\0\0\0\1", "bad-name"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:9500\r\n", "bad-length"),
    ],
)
async def test_a_bad_header_ends_its_connection_after_the_frames_before_it(
    header: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as bridge:
        _, other = await bridge.connect()
        reader, writer = await bridge.connect()
        with caplog.at_level(logging.WARNING):
            writer.write(wire(*FRAMES) + header + wire(*FRAMES))
            assert not await closed_in_order(reader)
        assert bridge.publisher.frames == FRAMES
        assert bridge.frames(code) == 1
        assert [record.message for record in caplog.records if record.message.startswith(code)] != []
        await eventually(lambda: bridge.ends("bad-frame") == 1)
        other.write(wire(FRAMES[0]))
        await eventually(lambda: len(bridge.publisher.published) == 4)


@pytest.mark.parametrize("cut", [1, 31, 32, 500])
async def test_a_frame_cut_off_by_a_close_is_counted_and_never_published(cut: int) -> None:
    async with running() as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]) + wire(FRAMES[1])[:cut])
        writer.write_eof()
        assert not await closed_in_order(reader)
        assert bridge.publisher.frames == FRAMES[:1]
        assert bridge.frames("truncated-frame") == 1


async def test_a_frame_cut_off_by_a_reset_is_counted_and_never_published() -> None:
    async with running() as bridge:
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]) + wire(FRAMES[1])[:100])
        await eventually(lambda: len(bridge.publisher.published) == 1)
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        await eventually(lambda: bridge.ends("reset") == 1)
        assert bridge.frames("truncated-frame") == 1
        assert bridge.publisher.frames == FRAMES[:1]


async def test_connections_above_the_limit_are_reset_and_a_place_that_frees_is_used() -> None:
    async with running(connections=2) as bridge:
        kept = [await bridge.connect(), await bridge.connect()]
        await eventually(lambda: bridge.metric("connections") == 2)
        refused, _ = await bridge.connect()
        assert not await closed_in_order(refused)
        assert bridge.ends("refused") == 1
        kept[0][1].write_eof()
        assert await closed_in_order(kept[0][0])
        await eventually(lambda: bridge.metric("connections") == 1)
        _, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: len(bridge.publisher.published) == 1)


async def test_a_silent_connection_is_closed() -> None:
    async with running(source(idle_s=0.1)) as bridge:
        reader, _ = await bridge.connect()
        assert await closed_in_order(reader)
        assert bridge.ends("idle-timeout") == 1
        assert bridge.frames("truncated-frame") == 0


async def test_silence_inside_a_frame_cuts_it_off() -> None:
    async with running(source(idle_s=0.4)) as bridge:
        reader, writer = await bridge.connect()
        writer.write(wire(FRAMES[0])[:-1])
        assert not await closed_in_order(reader)
        assert bridge.ends("idle-timeout") == 1
        assert bridge.frames("truncated-frame") == 1


async def test_a_frame_that_trickles_is_cut_off_although_the_peer_is_never_silent() -> None:
    async with running(source(idle_s=5, frame_s=0.2)) as bridge:
        _, writer = await bridge.connect()

        def trickle() -> bool:
            if not writer.is_closing():
                writer.write(b"a")
            return bridge.ends("frame-timeout") == 1

        writer.write(wire(Frame("a", bytes(1_000_000)))[:32])
        await eventually(trickle)
        assert bridge.frames("truncated-frame") == 1
        assert bridge.publisher.offered == []


async def test_many_frames_in_a_row_each_have_their_own_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock of its own: 10 s for each frame, far more than 30 s for all, and no read ends at a boundary."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(frame_reader, "time", SimpleNamespace(monotonic=lambda: clock.now))
    data = wire(*(frames := numbered(12)))
    async with running(source(frame_s=30)) as bridge:
        _, writer = await bridge.connect()
        for at in range(0, len(data), 31):
            writer.write(data[at : at + 31])
            came = min(at + 31, len(data))
            await eventually(lambda came=came: bridge.metric("received_bytes_total") == came)  # type: ignore[misc]
            clock.now += 2
        await eventually(lambda: bridge.publisher.frames == frames)


async def test_a_vanished_peer_is_probed_for() -> None:
    async with running() as bridge:
        await bridge.connect()
        await eventually(lambda: bridge.metric("connections") == 1)
        (connection,) = bridge.server._connections._connections.values()
        assert isinstance(connection, Connection)
        assert isinstance(connection._peer, SocketStream)
        peer = connection._peer._connected().get_extra_info("socket")
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15


async def test_a_fault_of_ours_is_reported_and_leaves_nothing_open() -> None:
    async with running() as bridge:
        bridge.publisher.failures.append(RuntimeError("a bug"))
        reader, writer = await bridge.connect()
        writer.write(wire(FRAMES[0]))
        assert not await closed_in_order(reader)
        await eventually(bridge.server.failed.done)
        with pytest.raises(ExceptionGroup):
            bridge.server.failed.result()


async def test_bad_connections_are_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger who connects again and again with rubbish filled the log, a line for each connection."""
    begun = time.monotonic()
    async with running() as bridge:
        for count in range(1, 31):
            reader, writer = await bridge.connect()
            writer.write(b"\xff" * 100)
            assert not await closed_in_order(reader)
            await eventually(lambda count=count: bridge.ends("bad-frame") == count)  # type: ignore[misc]
    lines = [line for line in caplog.records if line.getMessage().startswith("bad-")]
    assert 1 <= len(lines) <= 1 + time.monotonic() - begun
