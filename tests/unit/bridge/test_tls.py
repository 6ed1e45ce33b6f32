"""TLS from both sides: senders and a bridge that trust each other, and what each says when they do not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sightline_bridge.ack.sender import AckSender, Delivered, send_acknowledged
from sightline_bridge.config import TcpConnectConfig, TcpListenConfig
from sightline_bridge.config_file import load_config
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.guard.certificates import connecting, listening
from sightline_bridge.guard.config import ConnectTls, ListenTls
from sightline_bridge.sender import Sent, send_frames
from sightline_bridge.sender_socket import SenderTls
from sightline_bridge.settings import BridgeSettings
from sightline_local.ports import free_port
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.doubles import Bridge, closed_in_order, eventually, running, source
from tests.unit.bridge.test_server import FRAMES, numbered, wire


def secured(authority: Authority, *, names: bool = False, **fields: Any) -> TcpListenConfig:
    """A source that speaks TLS; `names`: senders' certificates name their streams."""
    pair = authority.issue("bridge")
    ca = authority.file if names else None
    tls = ListenTls(certificate=pair.certificate, key=pair.key, client_ca=ca, stream_from_client_name=names)
    return source().model_copy(update={"tls": tls, **fields})


def trusting(authority: Authority, name: str | None = None, server_name: str = "localhost") -> SenderTls:
    """How a sender speaks TLS that trusts the authority and shows a certificate for `name`."""
    pair = None if name is None else authority.issue(name)
    ours = ConnectTls(ca=authority.file, certificate=pair.certificate if pair else None, key=pair.key if pair else None)
    return SenderTls(connecting(ours).context(), server_name)


async def send(bridge: Bridge, frames: list[Frame], tls: SenderTls | None) -> Sent:
    """Send `frames` as `sightline-send` does."""
    images = [(frame.name or "", bytes(frame.payload)) for frame in frames]
    address = ("127.0.0.1", bridge.server.port)
    return await asyncio.to_thread(send_frames, address, images, FRAMINGS["fixed28"], tls=tls)


async def test_frames_go_over_tls_and_their_end_is_confirmed(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        sent = await send(bridge, FRAMES, trusting(authority))
        assert bridge.publisher.frames == FRAMES
        assert sent.frames == len(FRAMES)
        await eventually(lambda: bridge.ends("closed") == 1)


async def test_the_end_is_confirmed_only_once_kafka_has_all(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        bridge.publisher.acknowledging.clear()
        sending = asyncio.create_task(send(bridge, FRAMES, trusting(authority)))
        await eventually(lambda: bridge.publisher.in_flight == len(FRAMES))
        assert not (await asyncio.wait([sending], timeout=0.3))[0]
        bridge.publisher.acknowledging.set()
        assert (await sending).frames == len(FRAMES)


async def test_a_bridge_that_leaves_inside_a_frame_confirms_nothing(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        with pytest.raises(SendError, match="ended the connection"):
            await send(bridge, [FRAMES[0], Frame("long", bytes(2 * 1024 * 1024))], trusting(authority))
        assert bridge.publisher.frames == FRAMES[:1]


async def test_back_pressure_reaches_a_sender_through_tls(authority: Authority) -> None:
    frames = numbered(200, 100_000)
    async with running(secured(authority), buffer_bytes=2_000_000) as bridge:
        bridge.publisher.acknowledging.clear()
        sending = asyncio.create_task(send(bridge, frames, trusting(authority)))
        await eventually(lambda: bridge.metric("waiting_connections") == 1)
        assert bridge.metric("received_bytes_total") < 3_000_000
        assert not sending.done()
        bridge.publisher.acknowledging.set()
        await sending
        assert [record.name for record in bridge.publisher.offered] == [frame.name for frame in frames]


async def test_acknowledged_frames_go_over_tls(authority: Authority) -> None:
    frames = numbered(300, 20_000)

    def deliver(port: int, tls: SenderTls) -> Delivered:
        with AckSender(("127.0.0.1", port), "camera-7", patience_s=20, tls=tls) as sender:
            return send_acknowledged(sender, [(frame.name or "", bytes(frame.payload)) for frame in frames])

    config = TcpListenConfig.model_validate(
        {"name": "default", "port": 0, "ack": "frame", "tls": secured(authority).tls}
    )
    async with running(config) as bridge:
        delivered = await asyncio.to_thread(deliver, bridge.server.port, trusting(authority))
        assert (delivered.acknowledged, delivered.sent_again, delivered.connections) == (300, 0, 1)
        assert sorted(bridge.publisher.frames, key=lambda frame: int(frame.name or 0)) == frames


async def test_an_acknowledged_sender_says_why_there_is_no_tls(authority: Authority) -> None:
    reasons: list[str] = []

    def deliver(port: int, tls: SenderTls) -> None:
        with AckSender(("127.0.0.1", port), "camera-7", patience_s=0.5, on_lost=reasons.append, tls=tls) as sender:
            sender.send("a", b"frame")
            sender.finish()

    async with running(secured(authority)) as bridge:
        with pytest.raises(SendError, match="acknowledged nothing"):
            await asyncio.to_thread(deliver, bridge.server.port, trusting(authority, server_name="elsewhere.example"))
    assert "its certificate is not trusted: Hostname mismatch" in reasons[0]


async def test_a_certificates_name_is_the_stream_of_its_records(authority: Authority) -> None:
    async with running(secured(authority, names=True, stream="not this one")) as bridge:
        await send(bridge, FRAMES[:1], trusting(authority, "camera-7"))
        assert [record.stream for record in bridge.publisher.published] == ["camera-7"]


@pytest.mark.parametrize(
    ("name", "server_name", "reason"),
    [
        ("camera-7", "elsewhere.example", "its certificate is not trusted: Hostname mismatch"),
        (None, "localhost", "it wants a certificate of ours"),
    ],
)
async def test_a_sender_is_told_why_there_is_no_tls(
    authority: Authority, name: str | None, server_name: str, reason: str
) -> None:
    async with running(secured(authority, names=True)) as bridge:
        with pytest.raises(SendError, match=reason):
            await send(bridge, numbered(2000, 1000), trusting(authority, name, server_name))
        assert bridge.publisher.published == []


async def test_a_sender_without_tls_is_reset(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        with pytest.raises(SendError):
            await send(bridge, FRAMES, None)
        assert bridge.publisher.published == []
        await eventually(lambda: bridge.ends("tls-failed") == 1)


async def test_a_stop_closes_tls_in_order(authority: Authority) -> None:
    async with running(secured(authority)) as bridge:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", bridge.server.port, ssl=trusting(authority).context, server_hostname="localhost"
        )
        writer.write(wire(FRAMES[0]))
        await eventually(lambda: len(bridge.publisher.published) == 1)
        await bridge.source.stop(5)
        assert await closed_in_order(reader)
        writer.transport.abort()
        assert bridge.ends("stopped") == 1


async def test_a_connection_ends_after_its_time_between_two_frames() -> None:
    total_s = 0.5
    first, begun, behind = numbered(3)
    config = source().model_copy(update={"total_timeout_s": total_s})
    async with running(config) as bridge:
        reader, writer = await bridge.connect()
        head = wire(first) + wire(begun)[:50]
        writer.write(head)
        await eventually(lambda: bridge.metric("received_bytes_total") == len(head))
        await asyncio.sleep(total_s)  # which began after the connection's own time, and is over after it
        assert bridge.ends("stopped") == 0, "a frame is under way"
        writer.write(wire(begun)[50:] + wire(behind))
        assert not await closed_in_order(reader)  # it sent more than was taken, and must learn of it
        assert bridge.publisher.frames == [first, begun]
        assert bridge.ends("stopped") == 1
        assert bridge.frames("truncated-frame") == 0


async def test_a_sender_that_we_dial_speaks_tls(authority: Authority) -> None:
    pair = authority.issue("sender")
    context = listening(ListenTls(certificate=pair.certificate, key=pair.key, client_ca=authority.file)).context()
    ours = authority.issue("bridge-7")
    dialled: list[object] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.append(writer.get_extra_info("peercert")["subject"])
        writer.write(wire(*FRAMES))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    tls = ConnectTls(ca=authority.file, certificate=ours.certificate, key=ours.key)
    port = server.sockets[0].getsockname()[1]
    async with running(TcpConnectConfig(name="default", host="127.0.0.1", port=port, tls=tls)) as bridge:
        await eventually(lambda: bridge.publisher.frames[: len(FRAMES)] == FRAMES)
    server.close()
    assert dialled[0] == ((("commonName", "bridge-7"),),)


async def test_a_dialled_sender_that_is_not_trusted_is_tried_again_and_said_to_be_away(
    authority: Authority, tmp_path: Path
) -> None:
    pair = Authority(tmp_path, "Another authority").issue("sender")
    context = listening(ListenTls(certificate=pair.certificate, key=pair.key)).context()

    async def serve(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        pytest.fail("a handshake with somebody who is not trusted")

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    config = TcpConnectConfig(name="default", host="127.0.0.1", port=port, tls=ConnectTls(ca=authority.file))
    async with running(config) as bridge:
        await eventually(lambda: bridge.metric("open_failures_total") >= 2)
        assert "its certificate is not trusted" in bridge.source.readiness().reason
    server.close()


def test_the_environment_describes_a_source_with_rules(authority: Authority) -> None:
    pair = authority.issue("bridge")
    settings = BridgeSettings(
        bridge_allow="10.0.0.0/8, 2001:db8::/32",
        bridge_tls_certificate_file=pair.certificate,
        bridge_tls_key_file=pair.key,
        bridge_tls_client_ca_file=authority.file,
        bridge_tls_stream_from_client_name=True,
    )
    (config,) = load_config(settings).sources
    assert isinstance(config, TcpListenConfig)
    assert [str(network) for network in config.allow] == ["10.0.0.0/8", "2001:db8::/32"]
    assert config.tls == ListenTls(
        certificate=pair.certificate, key=pair.key, client_ca=authority.file, stream_from_client_name=True
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"bridge_tls_certificate_file": "c"}, "SIGHTLINE_BRIDGE_TLS_KEY_FILE belong together"),
        ({"bridge_tls_client_ca_file": "ca"}, "TLS_CLIENT_CA_FILE is set without"),
        (
            {
                "bridge_tls_certificate_file": "c",
                "bridge_tls_key_file": "k",
                "bridge_tls_stream_from_client_name": True,
            },
            "nobody would show a certificate",
        ),
        ({"bridge_allow": "10.0.0.1/8"}, "has host bits set"),
        ({"bridge_allow": "10.0.0.0/8", "bridge_source": "stdin"}, "ALLOW would not hold for a source of type stdin"),
        (
            {"bridge_tls_certificate_file": "c", "bridge_tls_key_file": "k", "bridge_config_file": "f"},
            "TLS_CERTIFICATE_FILE would not hold in SIGHTLINE_BRIDGE_CONFIG_FILE",
        ),
    ],
)
def test_rules_that_would_not_hold_are_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        BridgeSettings(**fields)


async def test_nobody_there_is_said_in_the_same_words_with_tls(authority: Authority) -> None:
    tls = trusting(authority)
    with pytest.raises(SendError, match="is the bridge running"):
        send_frames(("127.0.0.1", free_port()), [], FRAMINGS["fixed28"], tls=tls)


async def test_a_port_without_tls_is_named(authority: Authority) -> None:
    """The bridge's plain port takes a ClientHello for a bad header, and leaves."""
    async with running() as bridge:
        with pytest.raises(SendError, match="no TLS with"):
            await send(bridge, FRAMES, trusting(authority))
        await eventually(lambda: bridge.ends("bad-frame") + bridge.ends("reset") == 1)
