"""A sender that wants acknowledgements at a source without them, and one that sends frames to a source with them."""

import asyncio
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from sightline_bridge.ack.messages import GoodbyeCode, encode_hello
from sightline_bridge.ack.unexpected import refuse_hello
from sightline_bridge.config import TcpConnectConfig
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, FrameError
from sightline_bridge.framing.config import FramingConfig, FramingName, LengthOptions, LinesOptions
from sightline_bridge.sender import send_frames
from tests.unit.bridge.ack_peer import build_c_sender
from tests.unit.bridge.acknowledging import Sender, config, goodbye
from tests.unit.bridge.doubles import eventually, running, source
from tests.unit.bridge.test_server import FRAMES, wire

PLAIN: list[FramingName | FramingConfig] = [
    "fixed28",
    "named",
    "length",
    "jpeg",
    LinesOptions(topic="words"),
    LengthOptions(offset=16, width=1),
]


@pytest.mark.parametrize("framing", PLAIN, ids=str)
@pytest.mark.parametrize("sender_id", ["7", "camera-7-of-a-long-name-that-fills-any-header"])
async def test_every_framing_tells_the_sender_and_the_log(
    framing: FramingName | FramingConfig, sender_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A short HELLO was half of a header: both sides waited for the other until the frame's time was over."""
    async with running(source(framing)) as bridge:
        sender = Sender(*await bridge.connect())
        sender.writer.write(encode_hello(sender_id))
        assert await sender.rest() == [goodbye(GoodbyeCode.UNEXPECTED_HELLO)]
        sender.writer.close()
        await eventually(lambda: bridge.ends("bad-frame") == 1)
        assert bridge.frames("unexpected-hello") == 1
        assert bridge.publisher.offered == []
    (line,) = [record for record in caplog.records if "unexpected-hello" in record.message]
    assert f"{sender_id} wants acknowledgements (it begins with SLAK)" in line.message
    assert (vars(line)["source"], vars(line)["stream"]) == ("default", "tcp:127.0.0.1")


@pytest.mark.parametrize("framing", PLAIN, ids=str)
async def test_a_hello_that_comes_in_pieces_is_one(framing: FramingName | FramingConfig) -> None:
    """A sender that writes the head and then its id was half of a header again."""
    hello = encode_hello("camera-7")
    async with running(source(framing)) as bridge:
        sender = Sender(*await bridge.connect())
        sender.writer.write(hello[:3])
        await eventually(lambda: bridge.metric("received_bytes_total") == 3)
        sender.writer.write(hello[3:12])
        await eventually(lambda: bridge.metric("received_bytes_total") == 12)
        sender.writer.write(hello[12:])
        assert await sender.rest() == [goodbye(GoodbyeCode.UNEXPECTED_HELLO)]
        sender.writer.close()
        await eventually(lambda: bridge.ends("bad-frame") == 1)


async def test_what_begins_as_a_hello_and_is_none_is_read_by_the_framing() -> None:
    async with running(source(LinesOptions(topic="words"))) as bridge:
        sender = Sender(*await bridge.connect())
        sender.writer.write(b"SLAK")
        await eventually(lambda: bridge.metric("received_bytes_total") == 4)
        sender.writer.write(b" 7\r\nSLAK\r\n")
        sender.writer.write_eof()
        await sender.rest()
        sender.writer.close()
        assert [bytes(record.payload) for record in bridge.publisher.lines] == [b"SLAK 7", b"SLAK"]


@pytest.mark.parametrize(("how", "end"), [("end", "bad-frame"), ("reset", "reset"), ("silence", "frame-timeout")])
async def test_who_leaves_within_a_hello_has_left_within_a_frame(how: str, end: str) -> None:
    async with running(source(frame_s=0.3 if how == "silence" else 30)) as bridge:
        sender = Sender(*await bridge.connect())
        sender.writer.write(encode_hello("camera-7")[:-1])
        await eventually(lambda: bridge.metric("received_bytes_total") == 19)
        if how == "end":
            sender.writer.write_eof()
        elif how == "reset":
            sender.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            sender.writer.transport.abort()
        await eventually(lambda: bridge.ends(end) == 1)
        assert bridge.frames("truncated-frame") == 1
        sender.writer.close()


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"S", True),
        (b"SLAK", True),
        (b"SLAK 7\r\n", False),
        (encode_hello("s")[:-1], True),
        (encode_hello("s")[:-1] + b"t", False),
        (encode_hello("s")[:5] + b"\xff" + encode_hello("s")[6:], False),
        (wire(*FRAMES), False),
    ],
)
def test_what_is_no_whole_hello_is_the_framings_to_read_or_waited_for(begin: bytes, more: bool) -> None:
    assert refuse_hello(begin) is more


def test_a_hello_with_frames_behind_it_is_one() -> None:
    with pytest.raises(FrameError, match="camera-7 wants"):
        refuse_hello(encode_hello("camera-7") + wire(*FRAMES))


@pytest.mark.process
@pytest.mark.parametrize("which", ["python", "c", "simulate"])
async def test_each_sender_says_it_at_once_and_gives_up(which: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    async with running() as bridge:
        port = bridge.server.port
        commands: dict[str, list[object]] = {
            "python": [sys.executable, "-m", "sightline_bridge.send", "--ack", f"127.0.0.1:{port}", tmp_path],
            "c": [build_c_sender(tmp_path), "127.0.0.1", port, tmp_path / "a.png"],
            "simulate": [
                *(sys.executable, "-m", "sightline_bridge.simulate.command"),
                *(f"tcp://127.0.0.1:{port}", "--ack", "--frames", 3),
            ],
        }
        command = list(map(str, commands[which]))
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
        assert bridge.frames("unexpected-hello") == 1
    assert done.returncode == 1
    assert "its source has no `ack: frame`" in done.stderr
    assert "trying again" not in done.stderr


async def test_a_sender_of_plain_frames_learns_that_its_source_wants_more() -> None:
    async with running(config()) as bridge:
        frames = [(frame.name or "", bytes(frame.payload)) for frame in FRAMES]
        with pytest.raises(SendError, match=r"as a source with `ack: frame` does: use --ack"):
            await asyncio.to_thread(send_frames, ("127.0.0.1", bridge.server.port), frames, FRAMINGS["fixed28"], rate=5)
        await eventually(lambda: bridge.frames("bad-message") == 1)


async def test_a_sender_that_we_dial_is_told_too() -> None:
    told = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = Sender(reader, writer)
        writer.write(encode_hello("camera-7"))
        answers = await sender.rest()
        if not told.done():
            told.set_result(answers)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running(TcpConnectConfig(name="gate", host="127.0.0.1", port=port)):
        assert await asyncio.wait_for(told, 10) == [goodbye(GoodbyeCode.UNEXPECTED_HELLO)]
    server.close()
