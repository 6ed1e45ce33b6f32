"""The bridge benchmark: its load sends what it says and believes no connection that was not closed in order."""

import asyncio
import json
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bridge.__main__ import BENCHMARK
from bench.bridge.acknowledged import acknowledged as acknowledged_name
from bench.bridge.acknowledged import figures as ack_figures
from bench.bridge.load import BLOCK_BYTES, Outcome, acknowledged, blocks, connect, end_of_frames, plain, run
from bench.bridge.stalled import FRAMES_EACH, SENDERS
from bench.bridge.stalled import figures as stalled_figures
from bench.bridge.throughput import BARE, MADE_UP, PREPARED, Turn, busy, figures, ours, table
from sightline_bridge.config import TcpListenConfig
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.metrics import DEFAULT_SOURCE
from sightline_common.errors import RecordTooLarge
from tests.unit.bridge.doubles import Bridge, eventually, running
from tests.unit.bridge.wire import drain


def frames_in(wire: bytes) -> list[Frame]:
    parser = FRAMINGS["fixed28"].parser(BLOCK_BYTES)
    parser.feed(wire)
    return list(drain(parser))


@pytest.mark.parametrize(("size", "frames"), [(10_000, 1), (10_000, 250), (600_000, 3)])
def test_blocks_hold_exactly_the_frames_asked_for(size: int, frames: int) -> None:
    files = [bytes([number]) * size for number in range(8)]
    laid = blocks(files, frames)
    found = [frame for block in laid for frame in frames_in(block.wire)]
    assert len(found) == frames == sum(block.frames for block in laid)
    assert all(len(block.wire) <= BLOCK_BYTES + 32 * block.frames for block in laid)
    assert found[0].payload == files[0]


async def test_every_frame_arrives_from_an_address_of_each_connection() -> None:
    async with running() as bridge:
        outcome = await sent(bridge, connections=5, frames=50)
        assert (outcome.frames, outcome.confirmed) == (50, 5)
        assert len(bridge.publisher.published) == 50
        streams = {record.stream for record in bridge.publisher.published}
        assert streams == {f"tcp:127.0.0.{number}" for number in range(1, 6)}


async def test_a_connection_that_the_bridge_reset_is_not_confirmed() -> None:
    async with running(connections=2) as bridge:
        outcome = await sent(bridge, connections=5, frames=50)
        assert outcome.confirmed == 2


def test_a_connection_that_is_reset_before_its_end_broke() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(listener.getsockname(), 0) as connected:
        peer, _ = listener.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        select.select([connected], [], [])
        with pytest.raises(ConnectionResetError):
            end_of_frames(connected)


async def sent(bridge: Bridge, connections: int, frames: int) -> Outcome:
    address = ("127.0.0.1", bridge.server.port)
    return await asyncio.to_thread(run, plain(address, [b"x" * 5000, b"y" * 5000], connections, frames))


def acknowledging(window: int) -> TcpListenConfig:
    return TcpListenConfig(name=DEFAULT_SOURCE, port=0, ack="frame", ack_window=window)


async def test_acknowledged_frames_stay_within_the_window_and_are_confirmed_by_their_acknowledgement() -> None:
    async with running(acknowledging(window=3)) as bridge:
        bridge.publisher.acknowledging.clear()
        address = ("127.0.0.1", bridge.server.port)
        senders = acknowledged(address, [b"x" * 5000, b"y" * 5000], 2, 40)
        sending = asyncio.create_task(asyncio.to_thread(run, senders))
        await eventually(lambda: bridge.publisher.in_flight == 6)
        await asyncio.sleep(0.1)
        assert not any(sender.confirmed for sender in senders)
        assert len(bridge.publisher.offered) == 6
        bridge.publisher.acknowledging.set()
        outcome = await sending
        assert (outcome.frames, outcome.confirmed) == (40, 2)
        assert len({record.id for record in bridge.publisher.published}) == 40


async def test_a_refused_frame_confirms_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(acknowledging(window=3)) as bridge:
        bridge.publisher.failures.append(RecordTooLarge("too large"))
        senders = acknowledged(("127.0.0.1", bridge.server.port), [b"x" * 5000], 1, 10)
        outcome = await asyncio.to_thread(run, senders)
        assert outcome.confirmed == 0
        assert "NACK" in capsys.readouterr().err


async def test_the_load_is_a_program_that_prints_its_outcome(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"x" * 10)
    async with running() as bridge:
        command = [sys.executable, "-m", "bench.bridge.load", f"127.0.0.1:{bridge.server.port}", str(file)]
        command += ["--connections", "2", "--frames", "4"]
        root = Path(__file__).parents[3]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=root, capture_output=True, text=True, check=True, timeout=60
        )
    outcome = Outcome(**json.loads(done.stdout))
    assert (outcome.frames, outcome.confirmed) == (4, 2)


def turn(rate: float) -> Turn:
    return Turn(rate, bridge_ms=0.5, broker_ms=0.3, load_ms=0.04)


def test_the_goal_is_a_ratio_of_rounds_at_100_kb() -> None:
    """A machine that slows down between rounds slows both down: 0.8, 0.9 and 0.7, not 900/600."""
    seen = {ours(1): [800.0, 540.0, 700.0], ours(16): [900.0] * 3}
    rates = {**seen, MADE_UP: [1000.0, 600.0, 1000.0], PREPARED: [1000.0] * 3, BARE: [1000.0] * 3}
    turns = {who: [turn(rate) for rate in found] for who, found in (seen | {BARE: rates[BARE]}).items()}
    by_name = {figure.name: figure for figure in figures("100kb", 100_000, rates, turns)}
    assert by_name["bridge-100kb-1-to-producer"].value == 0.8
    assert by_name["bridge-100kb-1-to-producer"].met
    assert by_name["bridge-100kb-16-to-producer"].goal == 0.8
    assert by_name["bridge-100kb-16-to-vector"].value == pytest.approx(90_000_000 / (86 * 1024 * 1024))
    assert by_name["bridge-100kb-load-busy"].value == pytest.approx(0.036)
    assert all(figure.goal is None for figure in figures("10kb", 10_000, rates, turns))
    shown = table(100_000, rates, turns)
    assert shown.rows[0] == (ours(1), "700", "70.0", "540 to 800", "0.500", "0.300", "0.040")
    assert shown.rows[2][:4] == (MADE_UP, "1000", "100", "600 to 1000")
    assert busy(turn(1000)) == pytest.approx(0.04)


def test_acknowledgements_are_judged_against_the_plain_bridge_of_their_round() -> None:
    plainly = {ours(count): [1000.0, 500.0, 1000.0] for count in (1, 16)}
    acked = {acknowledged_name(count): [900.0, 450.0, 700.0] for count in (1, 16)}
    turns = {who: [turn(rate) for rate in rates] for who, rates in (plainly | acked).items()}
    by_name = {figure.name: figure for figure in ack_figures(plainly | acked, turns)}
    assert by_name["bridge-ack-16-to-plain"].value == 0.9
    assert by_name["bridge-ack-16-to-plain"].goal == 0.8
    assert by_name["bridge-ack-1-cpu"].value == 0.5


@pytest.mark.parametrize(
    ("peak", "confirmed", "missing", "met"),
    [(167e6, SENDERS, 0, True), (168e6, SENDERS, 0, False), (1e6, SENDERS - 1, 0, False), (1e6, SENDERS, 1, False)],
)
def test_a_stall_is_judged_by_memory_and_by_what_arrived(peak: float, confirmed: int, missing: int, met: bool) -> None:
    total = SENDERS * FRAMES_EACH
    outcome = Outcome(total, confirmed, 10.0, 1.0)
    found = stalled_figures(outcome, total - missing, int(peak), 64 * 1024 * 1024, 1.0)
    assert all(figure.met for figure in found) is met


def test_a_part_that_never_ran_has_no_section(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- bench-bridge: begin -->\nold\n<!-- bench-bridge: end -->\n")
    BENCHMARK.write_page(page, tmp_path / "nothing")
    assert "old" not in page.read_text()
    assert set(BENCHMARK.parts) == {"10kb", "100kb", "1mb", "ack", "stalled"}
