"""Streams over file descriptors: polled where the kernel announces bytes, else with a thread."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from sightline_bridge.config import DeviceConfig
from sightline_bridge.sources import device
from sightline_bridge.sources.file_stream import PolledFile, ThreadedFile, file_stream
from tests.unit.bridge.doubles import eventually


async def test_what_the_kernel_announces_is_polled_and_a_plain_file_has_a_thread(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    os.mkfifo(path)
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


def _threads(name: str) -> int:
    return [thread.name for thread in threading.enumerate()].count(f"read {name}")


async def test_a_device_that_is_silent_beyond_its_timeout_keeps_its_one_thread_and_its_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each timeout left a thread in its read and opened the device anew: threads and descriptors piled up, and what
    the device brought then went to the oldest thread, which nobody listened to.
    """
    read_end, write_end = os.pipe()
    name = f"{tmp_path}/silent"
    (tmp_path / "silent").touch()
    opened = list[int]()

    def blocking(fd: int, path: str) -> ThreadedFile:
        os.close(fd)
        opened.append(fd)
        return ThreadedFile(os.dup(read_end), path)

    monkeypatch.setattr(device, "file_stream", blocking)
    opener = device.DeviceFile(DeviceConfig(name="silent", path=Path(name)))
    for _ in range(5):
        stream = (await opener.open()).stream
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await stream.read()
        stream.close()
    assert (len(opened), _threads(name)) == (1, 1)
    stream = (await opener.open()).stream
    os.write(write_end, b"late")
    assert await stream.read() == b"late"
    stream.close()
    await eventually(lambda: _threads(name) == 0)
    stream = (await opener.open()).stream
    assert len(opened) == 2, "it was closed, and is opened again"
    os.write(write_end, b"more")
    assert await stream.read() == b"more"
    stream.close()
    await eventually(lambda: _threads(name) == 0)
    for fd in (read_end, write_end):
        os.close(fd)
