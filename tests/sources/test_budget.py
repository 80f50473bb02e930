import asyncio

import pytest

from relay.model import Secret
from relay.sources import Budget


async def moments(clock, budget, spec, number):
    began = clock.now()
    taken = []
    for _ in range(number):
        await budget.take(spec)
        taken.append(round(clock.now() - began, 1))
    return taken


async def test_a_quarter_of_a_minutes_budget_may_go_at_once(clock, spec):
    source = spec(requests_per_minute=20)
    assert await moments(clock, Budget(clock, [source]), source, 8) == [0, 0, 0, 0, 0, 3, 6, 9]


async def test_the_smallest_budget_still_lets_one_through(clock, spec):
    source = spec(requests_per_minute=1)
    assert await moments(clock, Budget(clock, [source]), source, 3) == [0, 60, 120]


async def test_sources_of_one_key_share_the_lowest_budget(clock, spec):
    fast, slow = spec(requests_per_minute=600), spec("batch", requests_per_minute=4)
    budget = Budget(clock, [fast, slow])
    assert await moments(clock, budget, fast, 2) == [0, 15]
    assert await moments(clock, budget, slow, 1) == [15]


async def test_another_key_has_a_budget_of_its_own(clock, spec):
    one, other = spec(requests_per_minute=1), spec(requests_per_minute=1, api_key=Secret("llx-other"))
    budget = Budget(clock, [one, other])
    assert await moments(clock, budget, one, 1) == [0]
    assert await moments(clock, budget, other, 1) == [0]


async def test_what_is_not_used_does_not_pile_up(clock, spec):
    source = spec(requests_per_minute=8)
    budget = Budget(clock, [source])
    clock.time += 86_400
    assert await moments(clock, budget, source, 4) == [0, 0, 7.5, 15]


@pytest.mark.parametrize("jump", [-86_400, 86_400])
async def test_a_clock_that_jumps_blocks_nobody(clock, spec, jump):
    source = spec(requests_per_minute=4)
    budget = Budget(clock, [source])
    await budget.take(source)
    clock.time += jump
    assert (await moments(clock, budget, source, 2))[1] <= 30


async def test_who_asked_first_goes_first(clock, spec):
    source = spec(requests_per_minute=1)
    budget = Budget(clock, [source])
    order = []

    async def ask(number):
        await budget.take(source)
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_one_who_stops_waiting_takes_nothing(clock, spec):
    source = spec(requests_per_minute=1)
    budget = Budget(clock, [source])
    waiter = asyncio.create_task(budget.take(source))
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert await moments(clock, budget, source, 1) == [0]
