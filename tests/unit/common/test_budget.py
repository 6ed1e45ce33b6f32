"""The byte budget: a bound that nobody passes, in order, with nothing lost when a waiter goes away."""

import asyncio

import pytest

from sightline_common.budget import ByteBudget


def test_it_grants_up_to_its_limit_and_not_a_byte_more() -> None:
    budget = ByteBudget(100)
    assert budget.try_acquire(60)
    assert budget.try_acquire(40)
    assert not budget.try_acquire(1)
    budget.release(40)
    assert budget.try_acquire(40)
    assert budget.used == 100


def test_a_claim_above_the_limit_is_granted_alone() -> None:
    budget = ByteBudget(10)
    assert budget.try_acquire(25)
    assert not budget.try_acquire(1)
    budget.release(25)
    assert budget.try_acquire(1)
    assert not budget.try_acquire(25)


async def test_waiters_are_served_in_order_and_nobody_overtakes() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    served: list[int] = []

    async def claim(number: int, size: int) -> None:
        await budget.acquire(size)
        served.append(number)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for number, size in enumerate([8, 2, 5]):
            group.create_task(claim(number, size))
        await asyncio.sleep(0)
        assert not budget.try_acquire(1)
        budget.release(10)
        await asyncio.sleep(0)
        assert served == [0, 1]
        budget.release(8)
    assert served == [0, 1, 2]
    assert budget.used == 7


async def test_a_cancelled_waiter_takes_nothing_and_lets_the_next_one_in() -> None:
    budget = ByteBudget(10)
    await budget.acquire(6)
    large = asyncio.create_task(budget.acquire(10))
    small = asyncio.create_task(budget.acquire(4))
    await asyncio.sleep(0)
    large.cancel()
    with pytest.raises(asyncio.CancelledError):
        await large
    await asyncio.wait_for(small, 5)
    assert budget.used == 10


async def test_a_waiter_cancelled_in_the_moment_of_its_grant_gives_it_back() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    waiter = asyncio.create_task(budget.acquire(10))
    await asyncio.sleep(0)
    budget.release(10)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert budget.used == 0


async def test_a_claim_grows_while_there_is_room() -> None:
    budget = ByteBudget(10)
    await budget.acquire(4)
    assert await budget.extend(6, 50) == 6
    assert budget.used == 10


async def test_claims_that_grow_never_wait_for_each_other_for_ever() -> None:
    """Two cameras with half a picture each fill the budget: neither could end its picture, and nothing would move.

    One goes beyond the limit, by all that it can need; the other only when the first is done.
    """
    budget = ByteBudget(10)
    await budget.acquire(5)
    await budget.acquire(5)
    assert await budget.extend(1, 15) == 15
    second = asyncio.create_task(budget.extend(1, 15))
    await asyncio.sleep(0)
    assert not second.done()
    assert budget.used == 25
    budget.release(20)
    assert await asyncio.wait_for(second, 5) == 15
    assert budget.used == 20


async def test_claims_that_grow_come_before_new_ones() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    await budget.extend(1, 5)
    new = asyncio.create_task(budget.acquire(1))
    grows = asyncio.create_task(budget.extend(1, 3))
    await asyncio.sleep(0)
    budget.release(5)
    assert await asyncio.wait_for(grows, 5) == 3
    assert not new.done()
    budget.release(13)
    await asyncio.wait_for(new, 5)
    assert budget.used == 1


async def test_a_cancelled_growth_takes_nothing() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    await budget.extend(1, 5)
    grows = asyncio.create_task(budget.extend(1, 3))
    await asyncio.sleep(0)
    grows.cancel()
    with pytest.raises(asyncio.CancelledError):
        await grows
    budget.release(15)
    assert budget.used == 0
