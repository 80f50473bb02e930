import asyncio
from collections import Counter

import pytest
import sources.conftest

from relay.model import Secret
from relay.sources import Budget, Urgency


class Clock(sources.conftest.Clock):
    """Lets others act while someone sleeps."""

    async def sleep(self, seconds):
        await super().sleep(seconds)
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Clock()


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


async def test_a_token_given_to_one_who_has_just_left_goes_to_the_next(clock, spec):
    source = spec(requests_per_minute=1)
    budget = Budget(clock, [source])
    await budget.take(source)
    leaver = asyncio.create_task(budget.take(source))
    while not clock.slept:  # noqa: ASYNC110 - it is a clock of the test
        await asyncio.sleep(0)
    clock.time += 60  # it is its turn
    stayer = asyncio.create_task(budget.take(source))
    leaver.cancel()
    await asyncio.gather(leaver, stayer, return_exceptions=True)
    assert sum(clock.slept) <= 60


async def test_one_who_stops_waiting_loses_no_place_for_the_others_of_its_source(clock, spec):
    sources = [spec(name="leaver", requests_per_minute=1), spec(name="other", requests_per_minute=1)]
    budget = Budget(clock, sources)
    await budget.take(sources[0])
    waiters = [asyncio.create_task(budget.take(sources[0])) for _ in range(50)]
    await asyncio.sleep(0)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    order = await served(budget, [(sources[1], Urgency.LOOK)] * 10 + [(sources[0], Urgency.LOOK)])
    assert order.index("leaver") <= 4


async def served(budget, wants):
    """The names of sources in the order in which all of this is served, asked for at once."""
    order = []

    async def ask(spec, urgency):
        await budget.take(spec, urgency)
        order.append(spec.name)

    await asyncio.gather(*(ask(spec, urgency) for spec, urgency in wants))
    return order


async def test_sources_take_turns_however_much_one_wants(clock, spec):
    busy, quiet = (spec(name=name, requests_per_minute=4) for name in ("busy", "quiet"))
    budget = Budget(clock, [busy, quiet])
    await budget.take(busy)
    order = await served(budget, [(busy, Urgency.LOOK)] * 10 + [(quiet, Urgency.LOOK)] * 3)
    assert order[:6].count("quiet") == 3


async def test_looks_go_before_questions_and_questions_before_resync(clock, spec):
    kinds = {urgency: spec(name=urgency.name, requests_per_minute=600) for urgency in Urgency}
    budget = Budget(clock, kinds.values())
    for _ in range(150):
        await budget.take(kinds[Urgency.LOOK])
    order = await served(
        budget, [(kinds[urgency], urgency) for urgency in reversed(Urgency) for _ in range(2)]
    )
    assert order == ["LOOK"] * 2 + ["QUESTION"] * 2 + ["RESYNC"] * 2


async def crowd(clock, spec):
    """Six sources of a key that has nothing left: its budget, one of them, and the others."""
    one, *others = (spec(name=f"s{n}", requests_per_minute=60) for n in range(6))
    budget = Budget(clock, [one, *others])
    for _ in range(15):
        await budget.take(one)
    return budget, one, others


async def test_a_look_that_has_a_question_is_not_kept_from_its_end_by_the_looks_of_others(clock, spec):
    """Where five others want more than there is, each question waited a minute, and its look with it."""
    budget, asker, others = await crowd(clock, spec)
    looks = [(source, Urgency.LOOK) for _ in range(9) for source in others]
    order = await served(budget, [(asker, Urgency.LOOK), *[(asker, Urgency.QUESTION)] * 2, *looks])
    assert order.index("s0") <= 5
    assert order[:24].count("s0") == 3


async def test_a_resync_that_has_waited_a_minute_is_served_as_a_look_is(clock, spec):
    looks, resync = (spec(name=name, requests_per_minute=4) for name in ("looks", "resync"))
    budget = Budget(clock, [looks, resync])
    await budget.take(looks)
    order = await served(budget, [(resync, Urgency.RESYNC), *[(looks, Urgency.LOOK)] * 40])
    assert 3 <= order.index("resync") <= 6


async def test_a_page_of_a_resync_holds_its_look_up_for_two_turns_of_the_others(clock, spec):
    """A window of five pages held it up for five minutes, each hour."""
    budget, resync, others = await crowd(clock, spec)
    looks = [(source, Urgency.LOOK) for _ in range(12) for source in others]
    order = await served(budget, [(resync, Urgency.RESYNC), *looks])
    assert 10 <= order.index("s0") <= 14


async def test_who_comes_late_is_not_served_before_all_that_wait_for_long(clock, spec):
    """A patient question has an early place; that it is served sets nobody back."""
    names = ("looks", "patient", "late")
    looks, patient, late = (spec(name=name, requests_per_minute=4) for name in names)
    budget = Budget(clock, [looks, patient, late])
    await budget.take(looks)
    order = []

    async def ask(source, urgency, number):
        for _ in range(number):
            await budget.take(source, urgency)
            order.append(source.name)

    many = asyncio.gather(*(ask(looks, Urgency.LOOK, 1) for _ in range(30)), ask(patient, Urgency.RESYNC, 1))
    while "patient" not in order:  # noqa: ASYNC110 - the clock moves meanwhile
        await asyncio.sleep(0)
    came = len(order)
    await asyncio.gather(ask(late, Urgency.LOOK, 10), many)
    assert order[came : came + 8].count("late") <= 5


async def test_a_source_with_nothing_open_leaves_most_to_a_busy_one(clock, spec):
    idle, busy = (spec(name=name, requests_per_minute=4) for name in ("idle", "busy"))
    budget = Budget(clock, [idle, busy])
    budget.idle(idle, True)
    await budget.take(busy)
    order = await served(budget, [(idle, Urgency.LOOK)] * 20 + [(busy, Urgency.LOOK)] * 20)
    assert 7 <= order[:10].count("busy") <= 9


async def test_two_hundred_sources_of_one_key_stay_even(clock, spec):
    sources = [spec(name=f"s{n}", requests_per_minute=20) for n in range(200)]
    budget = Budget(clock, sources)
    order = await served(budget, [(source, Urgency.LOOK) for source in sources for _ in range(3)])
    for start in (5, 205):
        assert max(Counter(order[start : start + 195]).values()) == 1


async def test_hints_share_a_tenth_of_a_key_between_its_sources(clock, spec):
    sources = [spec(name=f"s{n}", requests_per_minute=120) for n in range(5)]
    budget = Budget(clock, sources)
    assert sum(budget.hint(source) for source in sources for _ in range(10)) == 3
    clock.time += 30
    assert sum(budget.hint(source) for source in sources for _ in range(10)) == 3
    clock.time -= 3600
    assert not budget.hint(sources[0])
    clock.time += 10
    assert sum(budget.hint(source) for source in sources) == 2


@pytest.mark.parametrize("jump", [-86_400, 86_400])
async def test_a_clock_that_jumps_while_many_wait_lets_no_more_through_than_the_depth(clock, spec, jump):
    source = spec(requests_per_minute=8)
    budget = Budget(clock, [source])
    for _ in range(2):
        await budget.take(source)
    waiters = [asyncio.create_task(budget.take(source)) for _ in range(10)]
    await asyncio.sleep(0)
    clock.time += jump
    began = clock.now()
    await asyncio.gather(*waiters)
    assert clock.now() - began >= 7.5 * (10 - 2 - 1)
