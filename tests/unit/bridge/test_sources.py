"""Every type of source on real sockets, FIFOs and files: what it brings, what it outlives, how it ends."""

import asyncio
import logging
import os
import socket
import threading
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sightline_bridge.config import DeviceConfig, StdinConfig, TcpConnectConfig, UnixListenConfig
from sightline_bridge.connection import Connection
from sightline_bridge.errors import StartError
from sightline_bridge.framing import Frame
from sightline_bridge.sources import one_stream
from sightline_bridge.sources.file_stream import PolledFile, ThreadedFile, file_stream
from sightline_bridge.sources.one_stream import OneStreamSource
from sightline_local.ports import free_port
from tests.unit.bridge.doubles import Bridge, closed_in_order, eventually, running
from tests.unit.bridge.test_server import FRAMES, numbered, wire


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.002)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 0.01)


@asynccontextmanager
async def sender(port: int, *sent: bytes) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """A sender that is dialled: connection n gets `sent[n]` and a close after it; later ones stay open and silent."""
    writers: list[asyncio.StreamWriter] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if len(writers) <= len(sent):
            writer.write(sent[len(writers) - 1])
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield writers
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def dialling(port: int, stream: str | None = None) -> TcpConnectConfig:
    return TcpConnectConfig(name="camera", host="127.0.0.1", port=port, stream=stream)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def written(path: Path, data: bytes) -> None:
    """Write to a FIFO as another process would: it blocks until there is a reader, and closes at its end."""
    await asyncio.to_thread(path.write_bytes, data)


def fifo(tmp_path: Path) -> tuple[Path, DeviceConfig]:
    path = tmp_path / "ring"
    os.mkfifo(path)
    return path, DeviceConfig(name="ring", path=path)


def ended(bridge: Bridge) -> bool:
    return bridge.source.ended.done()


# --- unix-listen ---


async def test_a_unix_socket_brings_frames_and_says_where_they_came_from(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    async with running(UnixListenConfig(name="local", path=path)) as bridge:
        reader, writer = await asyncio.open_unix_connection(path)
        bridge.writers.append(writer)
        writer.write(wire(*FRAMES))
        writer.write_eof()
        assert await closed_in_order(reader)
        assert bridge.publisher.frames == FRAMES
        assert {(record.source, record.stream) for record in bridge.publisher.published} == {("device", "device:local")}
    assert not path.exists(), "the socket is left behind"


async def test_a_socket_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX) as before:
        before.bind(str(path))
    async with running(UnixListenConfig(name="local", path=path)):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write_eof()
        assert await closed_in_order(reader)
        writer.close()


async def test_a_socket_on_which_somebody_answers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(StartError, match=r"cannot listen on .*camera\.sock: Address already in use"):
            async with running(UnixListenConfig(name="local", path=path)):
                pass
    assert path.exists()


# --- tcp-connect ---


async def test_a_sender_is_dialled_and_its_frames_are_taken() -> None:
    async with sender(port := free_port(), wire(*FRAMES)), running(dialling(port)) as bridge:
        await eventually(lambda: bridge.publisher.frames == FRAMES)
        assert {(record.source, record.stream) for record in bridge.publisher.published} == {("tcp", "tcp:127.0.0.1")}


async def test_a_sender_that_comes_later_is_found_and_said_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    async with running(dialling(port, stream="gate")) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 5)
        assert bridge.metric("source_up") == 0
        assert bridge.source.readiness().ok, "others still need this process"
        assert "Connection refused" in bridge.source.readiness().reason
        async with sender(port) as writers:
            await eventually(lambda: bridge.metric("source_up") == 1)
            writers[0].write(wire(FRAMES[0]))
            await eventually(lambda: bridge.publisher.frames == FRAMES[:1])
            assert bridge.publisher.published[0].stream == "gate"
    lines = [record.getMessage() for record in caplog.records if f"127.0.0.1:{port} is" in record.getMessage()]
    assert [" is away" in line for line in lines[:2]] == [True, False]


async def test_a_sender_that_went_is_dialled_again_without_an_end() -> None:
    frames = numbered(12)
    async with (
        sender(port := free_port(), *(wire(frame) for frame in frames)),
        running(dialling(port)) as bridge,
    ):
        await eventually(lambda: bridge.publisher.frames == frames)
        await eventually(lambda: bridge.ends("closed") == 12)
        await eventually(lambda: bridge.metric("connections") == 1)


async def test_a_sender_that_sends_no_frame_is_not_dialled_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 30)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    async with sender(port := free_port(), b"", b""), running(dialling(port)) as bridge:
        await eventually(lambda: bridge.ends("closed") == 1)
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert bridge.metric("connections") == 0


async def test_a_frame_ends_the_patience_that_failures_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that was away for a night and restarts later must not be missed for as long as at the night's end."""
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.005)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    port = free_port()
    async with running(dialling(port)) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 7)  # the next wait is 0.3 to 0.6 s, then more
        async with sender(port, wire(FRAMES[0])):
            await eventually(lambda: bridge.publisher.frames == FRAMES[:1])
        before = bridge.metric("open_failures_total")
        async with asyncio.timeout(3):
            while bridge.metric("open_failures_total") < before + 4:
                await asyncio.sleep(0.002)


async def test_a_stop_while_nobody_answers_is_immediate() -> None:
    async with running(dialling(free_port())) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 1)
        async with asyncio.timeout(1):
            await bridge.source.stop(30)


async def test_a_stop_ends_a_dialled_stream_at_a_frame_boundary() -> None:
    async with sender(port := free_port()) as writers, running(dialling(port)) as bridge:
        await eventually(lambda: len(writers) == 1)
        writers[0].write(wire(FRAMES[0])[:50])
        await eventually(lambda: bridge.metric("received_bytes_total") == 50)
        stopping = asyncio.create_task(bridge.source.stop(5))
        await asyncio.sleep(0)
        writers[0].write(wire(FRAMES[0])[50:])
        await stopping
        assert bridge.publisher.frames == FRAMES[:1]
        assert bridge.ends("stopped") == 1


# --- device ---


async def test_a_plain_file_is_read_to_its_end_and_the_source_with_it(tmp_path: Path) -> None:
    path = tmp_path / "frames.bin"
    path.write_bytes(wire(*(frames := numbered(300, 5000))))
    async with running(DeviceConfig(name="replay", path=path, model="digits-lenet")) as bridge:
        await eventually(lambda: ended(bridge))
        assert bridge.source.ended.result() is True
        assert bridge.publisher.frames == frames
        records = bridge.publisher.published
        assert {(record.source, record.stream, record.model) for record in records} == {
            ("device", "device:replay", "digits-lenet")
        }
        assert bridge.metric("source_up") == 0


async def test_a_plain_file_that_ends_inside_a_frame_says_so(tmp_path: Path) -> None:
    path = tmp_path / "frames.bin"
    path.write_bytes(wire(*FRAMES)[:-1])
    async with running(DeviceConfig(name="replay", path=path)) as bridge:
        await eventually(lambda: ended(bridge))
        assert bridge.source.ended.result() is False
        assert bridge.publisher.frames == FRAMES[:-1]
        assert bridge.frames("truncated-frame") == 1


async def test_a_fifo_outlives_its_writers(tmp_path: Path) -> None:
    path, config = fifo(tmp_path)
    frames = numbered(30, 20_000)
    async with running(config) as bridge:
        for frame in frames:
            await written(path, wire(frame))
        await eventually(lambda: bridge.publisher.frames == frames)
        assert not ended(bridge)


async def test_what_a_writer_cut_off_does_not_spoil_what_the_next_one_writes(tmp_path: Path) -> None:
    path, config = fifo(tmp_path)
    async with running(config) as bridge:
        await written(path, wire(FRAMES[0]) + wire(FRAMES[1])[:100])
        await eventually(lambda: bridge.frames("truncated-frame") == 1)
        await written(path, wire(*FRAMES))
        await eventually(lambda: bridge.publisher.frames == [FRAMES[0], *FRAMES])


async def test_what_is_written_to_a_fifo_while_it_is_opened_again_is_kept(tmp_path: Path) -> None:
    """A pipe forgets what it holds when its last reader closes it, which no writer learns of."""
    path, config = fifo(tmp_path)
    frames = numbered(3)  # a pipe holds 64 KiB
    async with running(config) as bridge:
        bridge.publisher.acknowledging.clear()
        await written(path, wire(frames[0]))
        assert isinstance(bridge.source, OneStreamSource)
        connection = bridge.source._connection
        assert isinstance(connection, Connection)
        await eventually(lambda: connection._pipeline._ended)
        await written(path, wire(*frames[1:]))
        bridge.publisher.acknowledging.set()
        await eventually(lambda: bridge.publisher.frames == frames)


async def test_a_fifo_without_a_writer_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    _, config = fifo(tmp_path)
    async with running(config) as bridge:
        await eventually(lambda: bridge.metric("connections") == 1)
        async with asyncio.timeout(1):
            await bridge.source.stop(30)
        assert bridge.ends("stopped") == 1


async def test_a_device_that_is_not_there_yet_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "later"
    async with running(DeviceConfig(name="later", path=path)) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 3)
        (whole := tmp_path / "whole").write_bytes(wire(*FRAMES))
        whole.rename(path)
        await eventually(lambda: bridge.publisher.frames == FRAMES)
    assert warnings(caplog) == [f"{path} is away, trying again and again: No such file or directory"]


async def test_a_folder_is_no_device(tmp_path: Path) -> None:
    async with running(DeviceConfig(name="folder", path=tmp_path)) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 1)
        assert "Is a directory" in bridge.source.readiness().reason


async def test_a_serial_line_is_a_device(tmp_path: Path) -> None:
    """A pseudo-terminal stands for it: the kernel announces its bytes. When its line hangs up, it cannot be opened."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    async with running(DeviceConfig(name="serial", path=Path(os.ttyname(theirs)))) as bridge:
        await asyncio.to_thread(os.write, ours, wire(*(frames := numbered(20))))
        await eventually(lambda: bridge.publisher.frames == frames)
        os.close(theirs)
        os.close(ours)
        await eventually(lambda: bridge.metric("open_failures_total") >= 2)
        assert bridge.metric("source_up") == 0
        assert not ended(bridge)


async def test_a_device_that_brings_rubbish_is_not_opened_again_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 30)
    async with running(DeviceConfig(name="zero", path=Path("/dev/zero"))) as bridge:
        await eventually(lambda: bridge.ends("bad-frame") >= 3)
        assert bridge.publisher.offered == []
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert bridge.ends("bad-frame") < 7, "each wait is twice as long as the one before"


async def test_back_pressure_reaches_the_writer_of_a_fifo(tmp_path: Path) -> None:
    path, config = fifo(tmp_path)
    frames = numbered(60, 100_000)
    async with running(config, buffer_bytes=1_000_000) as bridge:
        bridge.publisher.acknowledging.clear()
        writing = asyncio.create_task(written(path, wire(*frames)))
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        await eventually(lambda: bridge.publisher.in_flight == 9)
        assert bridge.metric("received_bytes_total") < 1_500_000
        assert not writing.done()
        bridge.publisher.acknowledging.set()
        await writing
        await eventually(lambda: bridge.publisher.frames == frames)


# --- file streams ---


async def test_what_the_kernel_announces_is_polled_and_a_plain_file_has_a_thread(tmp_path: Path) -> None:
    path, _ = fifo(tmp_path)
    (tmp_path / "plain").touch()
    polled = file_stream(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "fifo")
    threaded = file_stream(os.open(tmp_path / "plain", os.O_RDONLY), "plain")
    assert isinstance(polled, PolledFile)
    assert isinstance(threaded, ThreadedFile)
    for stream in (polled, threaded):
        with pytest.raises(OSError, match="nobody can be answered"):
            await stream.write(b"ACK")
        stream.close()


async def test_a_cancelled_read_loses_nothing(tmp_path: Path) -> None:
    """A time-out cancels a read whose thread goes on: the chunk that it then brings belongs to the next read."""
    (tmp_path / "plain").write_bytes(b"all of it")
    stream = file_stream(os.open(tmp_path / "plain", os.O_RDONLY), "plain")
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert await stream.read() == b"all of it"
    assert await stream.read() == b""
    stream.close()


async def test_the_thread_of_a_file_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"a")
    stream = file_stream(os.open(tmp_path / "plain", os.O_RDONLY), "plain")

    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "read plain"]

    assert threads() == ["read plain"]
    stream.close()
    await eventually(lambda: threads() == [])


async def test_a_device_that_stays_silent_keeps_nobody_from_stopping() -> None:
    read_end, write_end = os.pipe()
    stream = ThreadedFile(read_end, "silent")
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.01)
    assert not reading.done()
    stream.end_reading()
    assert await reading == b""
    stream.close()
    os.write(write_end, b"late")  # only now its thread wakes up
    os.close(write_end)
    await eventually(lambda: "read silent" not in [thread.name for thread in threading.enumerate()])


# --- stdin ---


async def test_standard_input_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    monkeypatch.setattr("sightline_bridge.sources.stdin._STDIN", read_end)
    async with running(StdinConfig(name="default")) as bridge:
        os.write(write_end, wire(Frame("a", b"x")))
        await eventually(lambda: bridge.publisher.frames == [Frame("a", b"x")])
        os.close(write_end)
        await eventually(lambda: ended(bridge))
        assert bridge.source.ended.result() is True
        assert os.get_blocking(read_end), "whoever shares our standard input finds it changed"
    os.close(read_end)
