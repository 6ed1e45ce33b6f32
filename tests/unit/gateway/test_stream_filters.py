"""Filters of the live stream: what they let through, and that readers of little neither wait in vain nor read twice."""

import asyncio
from dataclasses import replace

import pytest

from sightline_contracts.results import Result
from sightline_gateway import live
from sightline_gateway.view.positions import parse_positions
from tests.unit.gateway.conftest import Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_results import results
from tests.unit.gateway.test_stream import Reader, reading


def two_streams(count: int) -> list[Result]:
    """Results of `gate`, with one of `yard` after every three."""
    return [replace(result, stream="yard" if index % 4 == 3 else "gate") for index, result in enumerate(results(count))]


def of(made: list[Result], stream: str) -> list[str]:
    """The ids of one stream."""
    return [result.id for result in made if result.stream == stream]


async def test_a_reader_gets_what_its_filter_admits_live(served: Served) -> None:
    made = two_streams(12)
    async with reading(served, query="?stream=yard") as yard, reading(served, query="?stream=gate") as gate:
        await yard.opened()
        await gate.opened()
        served.topic.append(made)
        assert await yard.ids(3) == of(made, "yard")
        assert await gate.ids(9) == of(made, "gate")


async def test_a_filtered_reader_comes_back_and_misses_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGE_EVENTS", 3)
    made = two_streams(60)
    async with reading(served, query="?stream=yard") as reader:
        await reader.opened()
        served.topic.append(made[:20])
        first = await reader.ids(2)
        last_id = reader.last_id
    served.topic.append(made[20:40])
    async with reading(served, last_id, "?stream=yard") as reader:
        second = await reader.ids(8)
        served.topic.append(made[40:])
        third = await reader.ids(5)
    assert [*first, *second, *third] == of(made, "yard")


async def heartbeat(reader: Reader) -> str:
    """The id of the next heartbeat."""
    lines = reader._lines
    async with asyncio.timeout(10):
        async for line in lines:
            if line == ": heartbeat":
                return (await anext(lines)).removeprefix("id: ")
    raise EOFError


async def test_a_heartbeat_brings_a_reader_of_little_up_to_date(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last event may be hours old: it would read all since then again at each reconnect."""
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    async with reading(served, query="?stream=nowhere") as reader:
        await reader.opened()
        served.topic.append(two_streams(20))
        expected = {part: offset - 1 for part, offset in served.store.next_offsets().items() if offset}
        async with asyncio.timeout(10):
            while (positions := parse_positions(await heartbeat(reader))) is None or positions.offsets != expected:
                pass


async def test_there_are_heartbeats_while_only_others_results_come(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies close a silent connection, however busy the stream is that its filter leaves out."""
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    async with reading(served, query="?stream=nowhere") as reader:
        await reader.opened()

        async def busy() -> None:
            while True:
                served.topic.append(results(1))
                await asyncio.sleep(0.01)

        traffic = asyncio.create_task(busy())
        try:
            for _ in range(2):
                await heartbeat(reader)
        finally:
            traffic.cancel()


async def test_readers_choose_how_many_predictions_they_get(served: Served) -> None:
    (made,) = results(1)
    async with reading(served, query="?top=2") as short, reading(served) as long:
        await short.opened()
        await long.opened()
        served.topic.append([made])
        assert len((await short.next())[1]["predictions"]) == 2
        assert len((await long.next())[1]["predictions"]) == 5


@pytest.mark.parametrize("query", ["status=pending", "since=1", "top=11", "limit=5"])
async def test_a_filter_that_the_stream_does_not_have_is_refused(served: Served, query: str) -> None:
    answer = await served.client.get(f"/v1/results/stream?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("form", [False, True])
async def test_an_upload_that_waits_can_ask_for_fewer_predictions(served: Served, form: bool) -> None:
    body = {"files": {"a": ("a.png", image_bytes())}} if form else {"content": image_bytes()}
    sending = asyncio.create_task(served.client.post("/v1/images?top=1", headers={"Prefer": "wait=10"}, **body))
    async with asyncio.timeout(10):
        while not served.publisher.records:
            await asyncio.sleep(0.005)
    served.topic.append([make_result(served.publisher.records[0])])
    answer = await sending
    assert answer.status_code == 200
    result = answer.json()["images"][0] if form else answer.json()
    assert len(result["predictions"]) == 1
