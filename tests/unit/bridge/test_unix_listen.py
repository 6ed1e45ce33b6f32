"""Source `unix-listen` on real sockets: what it brings, and whose socket it replaces."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from sightline_bridge.config import UnixListenConfig
from sightline_bridge.errors import StartError
from tests.unit.bridge.doubles import closed_in_order, running
from tests.unit.bridge.test_server import FRAMES, wire


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


async def test_a_socket_whose_owner_is_busy_is_left_alone(tmp_path: Path) -> None:
    """With a full backlog it did not answer at once, was taken for left behind, and lost its path to us."""
    path = tmp_path / "camera.sock"
    with ExitStack() as sockets:
        other = sockets.enter_context(socket.socket(socket.AF_UNIX))
        other.bind(str(path))
        other.listen(0)
        await _fill(path, sockets)
        with pytest.raises(StartError, match=r"cannot listen on .*camera\.sock"):
            async with running(UnixListenConfig(name="local", path=path)):
                pass
    assert path.exists()


async def _fill(path: Path, sockets: ExitStack) -> None:
    """Connect until nobody can any more."""
    while True:
        waiting = sockets.enter_context(socket.socket(socket.AF_UNIX))
        waiting.setblocking(False)
        try:
            waiting.connect(str(path))
        except BlockingIOError:
            return


async def test_a_socket_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    """Whatever went wrong with the question was taken for the answer that nobody is there."""
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(StartError, match=r"cannot listen on .*camera\.sock: Protocol wrong type for socket"):
            async with running(UnixListenConfig(name="local", path=path)):
                pass
    assert path.exists()
