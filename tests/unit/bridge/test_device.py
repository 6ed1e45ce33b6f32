"""Sources `device` and `stdin` on real FIFOs, files and terminals: what they bring, what they outlive, how they end."""

import asyncio
import logging
import os
import time
import tty
from pathlib import Path

import pytest

from sightline_bridge.config import DeviceConfig, StdinConfig
from sightline_bridge.framing import Frame
from sightline_bridge.sources import one_stream
from sightline_bridge.sources.file_stream import PolledFile
from tests.unit.bridge.doubles import DEADLINE_S, Bridge, eventually, running
from tests.unit.bridge.test_server import FRAMES, numbered, wire


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_stream, "FIRST_RETRY_S", 0.002)
    monkeypatch.setattr(one_stream, "LAST_RETRY_S", 0.01)


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


async def test_what_is_written_to_a_fifo_while_it_is_opened_again_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe forgets what it holds when its last reader closes it, which no writer learns of."""
    path, config = fifo(tmp_path)
    frames = numbered(3)  # a pipe holds 64 KiB
    read, read_next = list[bytes](), PolledFile.read

    async def noted(stream: PolledFile) -> bytes:
        read.append(await read_next(stream))
        return read[-1]

    monkeypatch.setattr(PolledFile, "read", noted)
    async with running(config) as bridge:
        bridge.publisher.acknowledging.clear()
        await written(path, wire(frames[0]))
        await eventually(lambda: b"" in read)
        await written(path, wire(*frames[1:]))
        bridge.publisher.acknowledging.set()
        await eventually(lambda: bridge.publisher.frames == frames)


async def test_a_fifo_without_a_writer_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    _, config = fifo(tmp_path)
    async with running(config) as bridge:
        await eventually(lambda: bridge.metric("connections") == 1)
        async with asyncio.timeout(DEADLINE_S):
            await bridge.source.stop(3 * DEADLINE_S)
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
    begun = time.monotonic()
    async with running(DeviceConfig(name="zero", path=Path("/dev/zero"))) as bridge:
        await eventually(lambda: bridge.ends("bad-frame") >= 6)
        assert bridge.publisher.offered == []
        waits = int(bridge.ends("bad-frame")) - 1
        least = 0.01 / 2 * (2**waits - 1)
        assert time.monotonic() - begun > least, "each wait is twice as long as the one before"


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
