"""A publisher without Kafka, and a bridge around it that listens on a real socket."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from sightline_bridge.config import AnySource, TcpListenConfig
from sightline_bridge.framing import Frame
from sightline_bridge.framing.config import FramingConfig, FramingName
from sightline_bridge.metrics import DEFAULT_SOURCE, BridgeMetrics
from sightline_bridge.pipeline import Outlet
from sightline_bridge.settings import BridgeSettings
from sightline_bridge.sources.build import build_source
from sightline_bridge.sources.listen import ListenSource
from sightline_bridge.sources.source import Source
from sightline_common.budget import ByteBudget
from sightline_common.errors import DeliveryUnknown
from sightline_common.publisher import Ack, Outcome
from sightline_common.tracing import Tracing
from sightline_contracts.images import ImageRecord
from sightline_contracts.texts import Record, TextRecord

MIB = 1024 * 1024
DEADLINE_S = 10.0


class FakePublisher:
    """Acknowledges while `acknowledging` is set; raises `failures` first, one for each record offered."""

    def __init__(self) -> None:
        self.offered: list[ImageRecord] = []
        self.published: list[ImageRecord] = []
        self.lines: list[TextRecord] = []
        self.failures: deque[Exception] = deque()
        self.acknowledging = asyncio.Event()
        self.acknowledging.set()
        self.held_back: asyncio.Event | None = None  # what payloads of these words wait for
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        self.most_in_flight = 0

    def offer(self, record: Record, settled: Callable[[Outcome], object]) -> bool:
        """Refuses at once, except for DeliveryUnknown, which can only be known later; every other needs waiting."""
        if len(self.offered) % 2:
            return False
        self._take(record, settled)
        return True

    async def hand_over(self, record: Record, settled: Callable[[Outcome], object]) -> None:
        """As `offer`, one turn of the loop later."""
        await asyncio.sleep(0)
        self._take(record, settled)

    def _take(self, record: Record, settled: Callable[[Outcome], object]) -> None:
        if isinstance(record, ImageRecord):
            self.offered.append(record)
        failure = self.failures.popleft() if self.failures else None
        if failure is not None and not isinstance(failure, DeliveryUnknown):
            raise failure
        task = asyncio.create_task(self._acknowledge(record, failure, settled))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(
        self, record: Record, failure: DeliveryUnknown | None, settled: Callable[[Outcome], object]
    ) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.acknowledging.wait()
        if self.held_back is not None and record.payload == b"held back":
            await self.held_back.wait()
        self.in_flight -= 1
        if failure is None and isinstance(record, ImageRecord):
            self.published.append(record)
        elif failure is None and isinstance(record, TextRecord):
            self.lines.append(record)
        settled(failure or Ack(0, len(self.published) + len(self.lines)))

    @property
    def frames(self) -> list[Frame]:
        """What was published, as frames."""
        return [Frame(record.name, bytes(record.payload)) for record in self.published]


@dataclass
class Bridge:
    """A running source and all that its tests look at."""

    source: Source
    publisher: FakePublisher
    budget: ByteBudget
    registry: CollectorRegistry
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def server(self) -> ListenSource:
        """The source, where it listens."""
        assert isinstance(self.source, ListenSource)
        return self.source

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self.writers.append(writer)
        return reader, writer

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the process or of its one source."""
        for all_labels in (labels, labels | {"source": self.source.name}):
            value = self.registry.get_sample_value(f"sightline_bridge_{name}", all_labels)
            if value is not None:
                return value
        raise AssertionError(f"no metric {name} {labels}")

    def frames(self, result: str) -> float:
        return self.metric("frames_total", result=result)

    def ends(self, reason: str) -> float:
        return self.metric("connection_ends_total", reason=reason)


def source(
    framing: FramingName | FramingConfig = "fixed28",
    *,
    idle_s: float = 60,
    frame_s: float = 30,
    stream: str | None = None,
    model: str | None = None,
) -> TcpListenConfig:
    return TcpListenConfig(
        name=DEFAULT_SOURCE,
        port=0,
        framing=framing,
        idle_timeout_s=idle_s,
        frame_timeout_s=frame_s,
        stream=stream,
        model=model,
    )


@asynccontextmanager
async def running(
    config: AnySource | None = None,
    *,
    buffer_bytes: int = 8 * MIB,
    connections: int = 8,
    tracing: Tracing | None = None,
) -> AsyncIterator[Bridge]:
    """The source of `config`, started, in front of a publisher without Kafka; at its end the budget must be whole."""
    config = config or source()
    publisher, budget, registry = FakePublisher(), ByteBudget(buffer_bytes), CollectorRegistry()
    metrics = BridgeMetrics(registry, [config.name])
    settings = BridgeSettings(max_image_bytes=MIB, bridge_max_connections=connections)
    outlet = Outlet(publisher, budget, metrics.of(config.name), tracing or Tracing())
    bridge = Bridge(build_source(config, settings, outlet), publisher, budget, registry)
    await bridge.source.start()
    try:
        yield bridge
    finally:
        await bridge.source.stop(0)
        for writer in bridge.writers:
            writer.transport.abort()
        assert budget.used == 0, "a connection kept its part of the budget"


async def eventually(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fails after 10 s."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


async def closed_in_order(reader: asyncio.StreamReader) -> bool:
    """Whether the bridge closed with a FIN (True) or a reset (False); fails when it does neither within 10 s."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.read() == b""
    except ConnectionResetError:
        return False
    return True
