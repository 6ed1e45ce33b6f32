"""A line between a broker and its clients that can be as bad as a test wants."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port

_SEGMENT_BYTES: Final = 1448  # of an Ethernet packet
_RETRANSMIT_S: Final = 0.2  # Linux repeats a lost segment after this and a round trip at the earliest
_CHUNK: Final = 64 * 1024
_UNDER_WAY: Final = 64  # chunks: bounds what the line holds, as TCP's window does


class Link:
    """Relays TCP to a port of this machine, `latency_s` seconds later each way; may be changed at any time.

    Of `loss` of all segments the first copy is lost: what TCP makes of that is a pause, for them and all behind them.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.latency_s = 0.0
        self.loss = 0.0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        assert self._listens.wait(10)

    def stop(self) -> None:
        """Cut all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        tasks = set[asyncio.Task[None]]()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await self._relay(reader, writer)
            finally:
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", self.port)
        self._listens.set()
        await self._stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except ConnectionError:
            return  # the broker is away
        try:
            ways = {asyncio.create_task(self._carry(reader, back)), asyncio.create_task(self._carry(there, writer))}
            _, other = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in other:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
        arriving = asyncio.create_task(_deliver(under_way, writer))
        due = 0.0
        try:
            with suppress(ConnectionError):
                while chunk := await reader.read(_CHUNK):
                    due = max(due, time.monotonic() + self.latency_s + self._repeated(len(chunk)))
                    await under_way.put((due, chunk))
                await under_way.join()
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    def _repeated(self, size: int) -> float:
        """Seconds that are lost with lost segments."""
        segments = -(-size // _SEGMENT_BYTES)
        lost = random.random() > (1 - self.loss) ** segments
        return _RETRANSMIT_S + 2 * self.latency_s if lost else 0.0


async def _deliver(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    while True:
        due, chunk = await under_way.get()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        with suppress(ConnectionError):
            writer.write(chunk)
            await writer.drain()
        under_way.task_done()


@contextmanager
def distant_kafka(folder: Path) -> Iterator[tuple[EmbeddedKafka, Link]]:
    """A broker that clients reach through a link alone, by the name `localhost`."""
    port, controller = free_port(), free_port()
    link = Link(port)
    broker = EmbeddedKafka(
        folder,
        port,
        controller_port=controller,
        properties={"advertised.listeners": f"PLAINTEXT://localhost:{link.port}"},
    )
    link.start()
    try:
        broker.start()
        broker.wait_ready()
        yield broker, link
    finally:
        broker.stop()
        link.stop()
