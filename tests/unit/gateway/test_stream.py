"""The live stream: events as they come, nothing lost over a reconnect, nobody buffered without bound."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightline_contracts.results import encode_result
from sightline_gateway import delivery, live
from sightline_gateway.view.positions import Positions, parse_positions
from tests.unit.gateway.conftest import Serve, Served, until
from tests.unit.gateway.test_results import results


class Reader:
    """Reads the events of a stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's name and data."""
        name = ""
        async with asyncio.timeout(10):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                match field:
                    case "id":
                        self.last_id = value
                    case "event":
                        name = value
                    case "data":
                        return name, json.loads(value)
        raise EOFError

    async def ids(self, count: int) -> list[str]:
        """The image ids of the next `count` events."""
        return [(await self.next())[1]["id"] for _ in range(count)]

    async def opened(self) -> None:
        """Return once the first lines are there: from then on no result is missed."""
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line.removeprefix("id: ")
                    return


@asynccontextmanager
async def reading(served: Served, last_id: str | None = None, query: str = "") -> AsyncIterator[Reader]:
    """A reader of the live stream."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with served.client.stream("GET", f"/v1/results/stream{query}", headers=headers) as answer:
        assert answer.status_code == 200
        yield Reader(answer)


async def test_results_come_as_events_with_the_position_vector_as_id(served: Served) -> None:
    made = results(3)
    async with reading(served) as reader:
        await reader.opened()
        assert reader.answer.headers["Content-Type"].startswith("text/event-stream")
        assert reader.answer.headers["Cache-Control"] == "no-store"
        served.topic.append(made)
        assert [await reader.next() for _ in made] == [("result", json.loads(json.dumps(_document(r)))) for r in made]
        positions = parse_positions(reader.last_id)
    assert positions is not None
    assert {p: o + 1 for p, o in positions.offsets.items()} == {
        p: o for p, o in served.store.next_offsets().items() if o > 0
    }


def _document(result: Any) -> Any:
    return json.loads(encode_result(result))


async def test_a_new_reader_gets_only_what_is_new(served: Served) -> None:
    old, new = results(1), results(1)
    served.topic.append(old)
    async with reading(served) as reader:
        await reader.opened()
        served.topic.append(new)
        assert await reader.ids(1) == [new[0].id]


async def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(served: Served) -> None:
    made = results(60)
    async with reading(served) as reader:
        await reader.opened()
        served.topic.append(made[:20])
        first = await reader.ids(7)
        last_id = reader.last_id
    served.topic.append(made[20:50])
    async with reading(served, last_id) as reader:
        second = await reader.ids(43)
        served.topic.append(made[50:])
        third = await reader.ids(10)
    assert [*first, *second, *third] == [result.id for result in made]


async def test_a_reader_that_never_got_an_event_comes_back_from_where_it_opened(served: Served) -> None:
    served.topic.append(results(3))
    async with reading(served) as reader:
        await reader.opened()
        last_id = reader.last_id
    missed = results(2)
    served.topic.append(missed)
    async with reading(served, last_id) as reader:
        assert await reader.ids(2) == [result.id for result in missed]


async def test_resuming_works_after_a_restart_and_over_many_pages(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PAGE_EVENTS", 10)
    made = results(95)
    async with serve() as served:
        async with reading(served) as reader:
            await reader.opened()
            served.topic.append(made[:5])
            await reader.ids(5)
            last_id = reader.last_id
        served.topic.append(made[5:])
    async with serve() as served, reading(served, last_id) as reader:
        assert await reader.ids(90) == [result.id for result in made[5:]]


async def test_an_id_of_a_topic_that_was_recreated_means_everything_of_the_new_one(served: Served) -> None:
    made = results(4)
    served.topic.append(made)
    async with reading(served, "0:100000,1:100000,2:100000,3:100000@00000000") as reader:
        assert await reader.ids(4) == [result.id for result in made]


async def test_duplicates_are_no_events(served: Served) -> None:
    made = results(2)
    async with reading(served) as reader:
        await reader.opened()
        served.topic.append([made[0], made[0], made[1]])
        assert await reader.ids(2) == [result.id for result in made]


async def test_an_id_that_is_not_ours_is_refused(served: Served) -> None:
    answer = await served.client.get("/v1/results/stream", headers={"Last-Event-ID": "1 OR 1=1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


async def test_a_silent_stream_has_heartbeats(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    async with reading(served) as reader, asyncio.timeout(10):
        async for line in reader._lines:
            if line == ": heartbeat":
                break


async def test_a_reader_too_many_is_told_to_come_back(serve: Serve) -> None:
    async with serve(gateway_stream_clients=1) as served:
        async with reading(served) as reader:
            await reader.opened()
            answer = await served.client.get("/v1/results/stream")
            assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        await until(lambda: served.view.live.readers == 0)
        async with reading(served) as reader:
            await reader.opened()


async def test_a_reader_that_leaves_is_forgotten(served: Served) -> None:
    async with reading(served) as reader:
        await reader.opened()
        assert served.view.live.readers == 1
    await until(lambda: served.view.live.readers == 0)
    await until(lambda: served.metrics.stream_ends.labels("left")._value.get() == 1)
    assert served.metrics.stream_readers._value.get() == 0


async def test_a_stop_ends_the_stream(served: Served) -> None:
    async with reading(served) as reader:
        await reader.opened()
        served.view.release()
        with pytest.raises(EOFError):
            await reader.next()


async def test_a_reader_that_falls_behind_the_buffer_is_dropped_with_a_reason(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes nothing while more arrives than the shared buffer and its socket hold."""
    monkeypatch.setattr(live, "BUFFERED_EVENTS", 50)
    async with serve() as served:
        made = [replace(result, name="x" * 20_000) for result in results(2_000)]
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=4096)
        writer.write(b"GET /v1/results/stream HTTP/1.1\r\nHost: test\r\n\r\n")
        await reader.readuntil(b"id: @5f3a9c1e\n\n")
        for start in range(0, len(made), 20):
            served.topic.append(made[start : start + 20])
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        received = bytearray()
        async with asyncio.timeout(20):
            while b"event: dropped" not in received:
                received = received[-100_000:] + await reader.read(65_536)
        assert b"too slow" in received
        await until(lambda: served.metrics.stream_ends.labels("slow")._value.get() == 1)
        writer.close()


async def test_a_reader_that_takes_nothing_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing politely would wait for the reader to take the rest; its socket must be free at once."""
    monkeypatch.setattr(delivery, "STALL_S", 0.3)
    async with serve() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=4096)
        writer.write(b"GET /v1/results/stream HTTP/1.1\r\nHost: test\r\n\r\n")
        await reader.readuntil(b"id: @5f3a9c1e\n\n")
        for _ in range(40):
            served.topic.append([replace(result, name="x" * 20_000) for result in results(20)])
            await asyncio.sleep(0)
        await until(lambda: served.metrics.stream_ends.labels("stalled")._value.get() == 1)
        assert served.view.live.readers == 0
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("0:17,1:4@5f3a9c1e", Positions({0: 17, 1: 4}, "5f3a9c1e")),
        ("0:17", Positions({0: 17})),
        ("@5f3a9c1e", Positions({}, "5f3a9c1e")),
        ("", None),
        ("0", None),
        ("0:1,", None),
        ("0:-1", None),
        ("0:1@", None),
        ("0:1," * 5000 + "0:1", None),
    ],
)
def test_positions_as_text(text: str, positions: Positions | None, tmp_path: Path) -> None:
    assert parse_positions(text) == positions
    if positions is not None:
        assert str(positions) == text
