"""The client for asyncio against the real gateway, and many images at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from sightline_client import AsyncClient, Refused, UnreadableImage
from sightline_client.parallel import in_parallel
from sightline_contracts.ids import new_image_id
from tests.browser.gateway import GatewayUnderTest, png
from tests.unit.client.conftest import FailingProxy
from tests.unit.gateway.fakes import TOPIC


@pytest.fixture
async def client(gateway: GatewayUnderTest) -> AsyncIterator[AsyncClient]:
    """A client of the gateway."""
    async with AsyncClient(gateway.url) as connected:
        yield connected


async def test_it_does_what_the_plain_client_does(client: AsyncClient, photo: Path) -> None:
    uploaded = await client.upload(photo, model="digits-lenet@1", stream="door", key="order 7")
    assert await client.result(new_image_id()) is None  # accepted by another replica, and never classified here
    result = await client.wait(uploaded.id)
    assert (result.id, result.name, result.stream, result.status) == (uploaded.id, photo.name, "door", "classified")
    assert await client.classify(photo, key="order 7") == result
    with pytest.raises(Refused, match="truncated"):
        await client.classify(png()[:-8])


async def test_an_upload_whose_answer_was_lost_is_repeated(proxy: FailingProxy) -> None:
    proxy.failures += ["cut"]
    async with AsyncClient(proxy.url) as client:
        assert (await client.classify(png())).status == "classified"
    assert len(proxy.keys) == 2
    assert len(set(proxy.keys)) == 1


async def test_many_images_share_the_time_and_one_that_fails_stops_none(client: AsyncClient, tmp_path: Path) -> None:
    sources: list[Path | bytes] = [*(png() for _ in range(8)), tmp_path / "none.png", png()[:-8]]
    outcomes = [outcome async for outcome in client.classify_many(sources, jobs=10)]
    assert sum(outcome.value is not None for outcome in outcomes) == 8
    errors = {type(outcome.source): type(outcome.error) for outcome in outcomes if outcome.error is not None}
    assert errors == {type(tmp_path): UnreadableImage, bytes: Refused}


async def test_no_more_than_the_jobs_are_under_way_and_a_source_is_taken_when_it_is_due() -> None:
    running = most = 0
    taken: list[int] = []

    def take(number: int) -> int:
        taken.append(number)
        return number

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(number):  # each takes longer than the one before, so that they end one by one
            await asyncio.sleep(0)
        running -= 1
        return len(taken)

    found = [outcome.value async for outcome in in_parallel(map(take, range(7)), work, 3)]
    assert (len(found), most, found[0]) == (7, 3, 3)


async def test_leaving_early_ends_what_is_under_way() -> None:
    ended = []

    async def work(number: int) -> int:
        if number == 0:
            return number
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)
        return number

    async with aclosing(in_parallel(range(9), work, 3)) as outcomes:
        assert (await anext(outcomes)).value == 0
    assert sorted(ended) == [1, 2]


async def test_a_fault_is_not_taken_for_a_failed_image() -> None:
    async def work(_: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await anext(in_parallel([1], work))
    with pytest.raises(ValueError, match="at least 1"):
        await anext(in_parallel([1], work, 0))


async def test_results_come_as_they_are_known(client: AsyncClient) -> None:
    sent = await client.classify(png())
    async with aclosing(client.iter_events(after=f"@{TOPIC}")) as events:
        assert (await anext(events)).result == sent
    uploaded = list[str]()

    async def send() -> None:
        """Until the stream is open: what came before that is not for it."""
        while True:
            await client.upload(png(), stream="yard")
            uploaded.append((await client.upload(png(), stream="door")).id)
            await asyncio.sleep(0.1)

    sending = asyncio.create_task(send())
    async with aclosing(client.iter_results(stream="door")) as results:
        first = await anext(results)
    sending.cancel()
    await asyncio.wait([sending])
    assert first.id in uploaded
