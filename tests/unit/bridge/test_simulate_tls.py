"""sightline-simulate with TLS, against a real bridge without Kafka."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sightline_bridge.config import TcpConnectConfig, TcpListenConfig
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.guard.certificates import connecting
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.sender_socket import SenderTls
from sightline_bridge.simulate.faults import Chances, Dice
from sightline_bridge.simulate.links import StreamLink
from sightline_bridge.simulate.pipes import opener_of
from sightline_bridge.simulate.target import parse_target
from sightline_local.ports import free_port
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import eventually, running
from tests.unit.bridge.simulating import simulator

MANY = ("--frames", 20, "--rate", 0)


def secured(authority: Authority, **fields: Any) -> TcpListenConfig:
    """A source that asks for certificates, whose names are the streams."""
    pair = authority.issue("bridge")
    tls = ListenTls(certificate=pair.certificate, key=pair.key, client_ca=authority.file, stream_from_client_name=True)
    return TcpListenConfig.model_validate({"name": "default", "port": 0, "tls": tls, **fields})


def identity(authority: Authority, name: str) -> tuple[object, ...]:
    """The options with which a simulator shows a certificate for `name`, and trusts the authority."""
    pair = authority.issue(name)
    return ("--tls-ca", authority.file, "--tls-certificate", pair.certificate, "--tls-key", pair.key)


@pytest.mark.process
@pytest.mark.parametrize("ack", [(), ("--ack",)], ids=["plain", "acknowledged"])
async def test_each_side_shows_its_certificate_and_all_is_confirmed(
    ack: tuple[object, ...], authority: Authority
) -> None:
    async with running(secured(authority, ack="frame" if ack else "none")) as bridge:
        target = f"tcp://127.0.0.1:{bridge.server.port}"
        done = await asyncio.to_thread(simulator, target, *MANY, *ack, *identity(authority, "camera-7"), "--senders", 2)
        assert {record.stream for record in bridge.publisher.published} == {"camera-7"}
        assert len({record.id for record in bridge.publisher.published}) == 40
        await eventually(lambda: bridge.ends("closed") == 2)
    assert done.returncode == 0, done.stderr
    assert "confirmed  40 frames" in done.stdout


@pytest.mark.process
async def test_a_connection_that_is_cut_confirms_nothing(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        target = f"tcp://127.0.0.1:{bridge.server.port}"
        many = ("--frames", 40, "--rate", 0, "--cut", 0.2)
        done = await asyncio.to_thread(simulator, target, *many, *identity(authority, "camera-7"))
        await eventually(lambda: bridge.ends("closed") == 1)
        cuts = bridge.ends("reset")
        assert cuts > 1
    assert done.returncode == 0, done.stderr
    assert f"faults     {cuts:.0f} cut" in done.stdout
    confirmed = int(done.stdout.split("confirmed  ")[1].split()[0])
    assert 0 < confirmed < 40 - cuts


@pytest.mark.process
async def test_a_bridge_that_dials_trusts_the_simulator_and_is_trusted(authority: Authority) -> None:
    ours, port = authority.issue("bridge-7"), free_port()
    tls = ConnectTls(ca=authority.file, certificate=ours.certificate, key=ours.key)
    config = TcpConnectConfig(name="default", host="127.0.0.1", port=port, tls=tls)
    async with running(config) as bridge:
        target = f"tcp-listen://127.0.0.1:{port}"
        done = await asyncio.to_thread(simulator, target, *MANY, *identity(authority, "camera-7"))
        assert len(bridge.publisher.published) == 20
    assert done.returncode == 0, done.stderr
    assert "confirmed  20 frames" in done.stdout


@pytest.mark.process
def test_who_is_dialled_needs_a_certificate_and_files_have_to_be_there(authority: Authority) -> None:
    done = simulator("tcp-listen://127.0.0.1:0", "--tls-ca", authority.file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "who is dialled has to show a certificate: --tls-certificate and --tls-key" in done.stderr
    done = simulator("tcp://127.0.0.1:9", "--tls-ca", Path("/nowhere/ca.pem"))
    assert done.returncode == 1
    assert "No such file or directory (/nowhere/ca.pem)" in done.stderr


@pytest.mark.parametrize(
    ("server_name", "shows", "reason"),
    [
        ("elsewhere.example", True, "no TLS: its certificate is not trusted: Hostname mismatch"),
        ("localhost", False, "it wants a certificate of ours"),
    ],
)
async def test_who_is_not_trusted_is_told_why(
    server_name: str, shows: bool, reason: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline_bridge.simulate.links.RETRIES_S", (0.01, 0.01))
    pair = authority.issue("camera-7") if shows else None
    ours = ConnectTls(ca=authority.file, certificate=pair.certificate if pair else None, key=pair.key if pair else None)
    tls, told = SenderTls(connecting(ours).context(), server_name), list[str]()

    def play(port: int) -> None:
        opener = opener_of(parse_target(f"tcp://127.0.0.1:{port}"), tls)
        link = StreamLink(opener, FRAMINGS["fixed28"], Dice(Chances(), 0), told.append)
        for _ in range(1000):  # with TLS 1.3 a client learns only after its handshake that it was refused
            link.send(Frame("a", bytes(100_000)))  # together more than a kernel holds of a connection

    async with running(secured(authority)) as bridge:
        with pytest.raises(SendError, match="the bridge is away"):
            await asyncio.to_thread(play, bridge.server.port)
        assert bridge.publisher.published == []
    assert any(reason in line for line in told), told
