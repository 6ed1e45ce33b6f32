"""What sightline-simulate says of a bridge that is away, does not let it in, or wants something else."""

import asyncio
from ipaddress import ip_network

import pytest

from sightline_bridge.config import TcpListenConfig
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.guard.config import ListenTls
from sightline_bridge.simulate.faults import Chances, Dice
from sightline_bridge.simulate.links import StreamLink
from sightline_bridge.simulate.notices import Notices
from sightline_bridge.simulate.pipes import opener_of
from sightline_bridge.simulate.target import parse_target
from sightline_local.ports import free_port
from tests.unit.bridge.acknowledging import config
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import running
from tests.unit.bridge.simulating import simulate, simulator


def test_nobody_there_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sightline_bridge.simulate.links.RETRIES_S", (0.01,))
    port = free_port()
    with pytest.raises(SystemExit) as stopped:
        simulate(monkeypatch, f"tcp://127.0.0.1:{port}", "--frames", 1)
    assert stopped.value.code == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"sightline-simulate: tcp://127.0.0.1:{port}: Connection refused; trying again",
        "sightline-simulate: the bridge is away: Connection refused",
    ]


async def test_a_sender_that_is_not_let_in_says_so_while_it_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline_bridge.simulate.links.RETRIES_S", (0.01,))
    config = TcpListenConfig(name="default", port=0, allow=(ip_network("192.0.2.0/24"),))
    told: list[str] = []

    def play(port: int) -> None:
        opener = opener_of(parse_target(f"tcp://127.0.0.1:{port}"))
        link = StreamLink(opener, FRAMINGS["fixed28"], Dice(Chances(), 0), told.append)
        for _ in range(1000):
            link.send(Frame("a", bytes(100_000)))

    async with running(config) as bridge:
        with pytest.raises(SendError, match="the bridge is away"):
            await asyncio.to_thread(play, bridge.server.port)
    assert told


@pytest.mark.process
async def test_a_connection_that_is_cut_on_purpose_is_not_told() -> None:
    """The first one is cut before any WELCOME came, and people were sent to look for a missing `ack: frame`."""
    async with running(config()) as bridge:
        target = f"tcp://127.0.0.1:{bridge.server.port}"
        done = await asyncio.to_thread(simulator, target, "--ack", "--cut", 1, "--frames", 2, "--rate", 0)
    assert (done.returncode, done.stderr) == (0, "")
    assert "confirmed  2 frames" in done.stdout
    assert "faults     2 cut" in done.stdout


@pytest.mark.process
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_few_plain_frames_for_a_source_that_wants_others_do_not_end_in_silence(
    secure: bool, authority: Authority
) -> None:
    """All were written before the bridge answered: it said `confirmed 0 frames`, and ended with status 0."""
    pair = authority.issue("bridge")
    tls = ListenTls(certificate=pair.certificate, key=pair.key) if secure else None
    async with running(TcpListenConfig(name="default", port=0, ack="frame", tls=tls)) as bridge:
        target = f"tcp://localhost:{bridge.server.port}"
        trust = ("--tls-ca", authority.file) if secure else ()
        done = await asyncio.to_thread(simulator, target, "--frames", 1, "--rate", 0, *trust)
    assert done.returncode == 1
    assert "as a source with `ack: frame` does: use --ack" in done.stderr


def test_the_same_is_said_once_in_a_while_and_something_else_at_once() -> None:
    said, now = list[str](), 100.0
    notices = Notices(said.append, lambda: now)
    for _ in range(3):
        notices.tell("refused")
    notices.tell("reset")
    assert said == ["refused", "reset"]
    now += 4.9
    notices.tell("refused")
    assert len(said) == 2
    now += 0.1
    notices.tell("refused")
    assert said == ["refused", "reset", "refused"]
