"""A running source `udp` with a sender before it, and the datagrams of frames."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from prometheus_client import CollectorRegistry

from sightline_bridge.datagram.reassembly import ReassemblyLimits
from sightline_bridge.framing import Frame
from sightline_bridge.metrics import BridgeMetrics
from sightline_bridge.pipeline import Outlet
from sightline_bridge.records import RecordOptions
from sightline_bridge.sources.udp import UdpOptions, UdpSource
from sightline_common.budget import ByteBudget
from sightline_common.tracing import Tracing
from tests.unit.bridge.datagrams import KIB, datagrams
from tests.unit.bridge.doubles import MIB, FakePublisher

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Udp:
    """A running source and all that its tests look at."""

    source: UdpSource
    publisher: FakePublisher
    budget: ByteBudget
    registry: CollectorRegistry
    sender: socket.socket

    def send(self, *sent: bytes) -> None:
        for datagram in sent:
            self.sender.send(datagram)

    def count(self, metric: str, result: str) -> float:
        labels = {"source": "udp-1", "result": result}
        value = self.registry.get_sample_value(f"sightline_bridge_{metric}_total", labels)
        assert value is not None, f"no metric {metric} {labels}"
        return value

    def datagrams(self, result: str) -> float:
        return self.count("datagrams", result)

    def frames(self, result: str) -> float:
        return self.count("frames", result)


def options(
    *,
    stream: str | None = None,
    allow: tuple[IPv4Network | IPv6Network, ...] = (),
    buffer: int = 4 * MIB,
    port: int = 0,
    held: int = MIB,
    late_s: float = 30,
) -> UdpOptions:
    limits = ReassemblyLimits(64 * KIB, held, timeout_s=late_s)
    return UdpOptions("127.0.0.1", port, buffer, stream, allow, limits, RecordOptions("udp", "image/x-raw", "lenet"))


@asynccontextmanager
async def receiving(taken: UdpOptions | None = None, *, budget_bytes: int = 8 * MIB) -> AsyncIterator[Udp]:
    publisher, budget, registry = FakePublisher(), ByteBudget(budget_bytes), CollectorRegistry()
    outlet = Outlet(publisher, budget, BridgeMetrics(registry, ["udp-1"]).of("udp-1"), Tracing())
    source = UdpSource("udp-1", taken or options(), outlet)
    await source.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", source.port))
        try:
            yield Udp(source, publisher, budget, registry, sender)
        finally:
            await source.stop(0)
    assert budget.used == 0, "the source kept its part of the budget"


def numbered(count: int, size: int = 500) -> list[Frame]:
    return [Frame(f"{number}.png", PNG + number.to_bytes(4) * (size // 4)) for number in range(count)]


def wire(frames: list[Frame], *, stream_id: int = 7, first: int = 0) -> list[list[bytes]]:
    """The datagrams of each frame."""
    return [
        datagrams(first + number, bytes(frame.payload), name=frame.name, stream_id=stream_id)
        for number, frame in enumerate(frames)
    ]
