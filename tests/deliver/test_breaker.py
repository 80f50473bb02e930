"""A destination that is down: it is left alone but for a probe, and people hear of it once."""

import asyncio
import itertools
import sqlite3

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed
from relay.rules import Rule
from relay.schedule import Breaker

BROKEN = DeliveryFailed("HTTP 500", status=500)
DENIED = DeliveryFailed("HTTP 401", status=401, fault="destination")


def broken_until(seconds, failure=BROKEN):
    """A receiver that is down so long after the start of the loop."""
    loop = asyncio.get_running_loop()
    return Receiver(fails=lambda _message, _nth: failure if loop.time() < seconds else None)


async def jobs(office, count, **owed):
    for n in range(count):
        await office.happens(f"pjb-{n}", **owed)


def failing(times, *, over=3, began=0.0):
    breaker = Breaker()
    for n in range(times):
        breaker = breaker.after_failure(f"msg-{n % over}", began=began, now=began, of_destination=False)
    return breaker


@pytest.mark.parametrize(("times", "over", "is_open"), [(4, 4, False), (5, 3, True), (9, 2, False)])
def test_a_breaker_opens_after_five_failures_over_three_deliveries(times, over, is_open):
    assert (failing(times, over=over).probe_at is not None) is is_open


def test_a_fault_of_the_destination_opens_it_at_once():
    breaker = Breaker().after_failure("msg", began=1.0, now=2.0, of_destination=True)
    assert breaker.probe_at == 7.0


def test_probes_go_ever_more_rarely_down_to_one_in_ten_minutes():
    breaker, now, waits = failing(5), 0.0, []
    for _ in range(10):
        waits.append(breaker.probe_at - now)
        now = breaker.probe_at
        breaker = breaker.after_failure("msg", began=now, now=now, of_destination=False)
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_late_failure_of_before_it_opened_says_nothing():
    breaker = Breaker().opened(100.0)
    assert breaker.after_failure("msg", began=99.0, now=104.0, of_destination=False) == breaker


async def test_a_destination_that_is_down_gets_one_probe_at_a_time(quick_office):
    receiver = broken_until(DAY)
    await jobs(quick_office, 50)
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(160)
    start = receiver.times[0]
    assert [round(when - start) for when in receiver.times] == [0, 0, 0, 0, 0, 5, 15, 35, 75, 155]
    assert len(set(receiver.ids)) == 10, "the least tried goes first"


async def test_what_waits_goes_out_as_soon_as_a_probe_arrives(quick_office):
    receiver = broken_until(60)
    await jobs(quick_office, 50)
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(80)
        assert (await quick_office.states())["delivered"] > 30
        await asyncio.sleep(DAY)
    assert await quick_office.states() == {"delivered": 50}
    assert (await quick_office.store.audit()).amiss == ()


async def test_what_was_claimed_when_it_opened_is_given_back_uncounted(quick_office):
    receiver = broken_until(DAY)
    await jobs(quick_office, 30)
    async with at_work(quick_office.lane(receiver, concurrency=2)):
        await asyncio.sleep(4)
        rows = await quick_office.rows()
    assert {row["id"]: row["attempts"] for row in rows} == {
        row["id"]: receiver.ids.count(row["id"]) for row in rows
    }


async def test_down_and_up_are_told_once_a_trouble(quick_office):
    receiver = broken_until(100)
    await jobs(quick_office, 40)
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(3600)
    assert await quick_office.news() == [
        ("destination.down", "inbox", "HTTP 500"),
        ("destination.up", "inbox", None),
    ]
    assert (await quick_office.store.audit()).amiss == ()


async def test_a_trouble_is_told_once_over_restarts(quick_office):
    receiver = broken_until(200, DENIED)
    await jobs(quick_office, 20)
    for _ in range(4):
        async with at_work(quick_office.lane(receiver)):
            await asyncio.sleep(40)
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(3600)
    assert [what for what, *_ in await quick_office.news()] == ["destination.down", "destination.up"]


async def test_after_a_restart_a_destination_that_was_down_gets_a_probe_first(quick_office):
    await jobs(quick_office, 20)
    async with at_work(quick_office.lane(broken_until(DAY))):
        await asyncio.sleep(30)
    again = broken_until(DAY)
    async with at_work(quick_office.lane(again)):
        await asyncio.sleep(1)
    assert len(again.sent) == 1


async def test_a_trouble_reaches_whom_the_rules_name_but_not_the_troubled(office):
    rule = Rule(name="troubles", on=("destination.*",), to=("inbox", "oncall"))
    office.routes = office.routes_by(rule)
    oncall = Receiver()
    await jobs(office, 10)
    lanes = office.lane(broken_until(60)), office.lane(oncall, "oncall")
    async with at_work(lanes[1]), at_work(lanes[0]):
        await asyncio.sleep(3600)
    assert [m.events[0].type for _, m in oncall.sent] == ["destination.down", "destination.up"]
    assert (await office.store.audit()).amiss == ()


@pytest.mark.parametrize("rules", [(), (Rule(name="itself", on=("*.down",), to=("inbox",)),)])
async def test_alerts_go_to_alerts_to_where_no_rule_tells_another(office, rules):
    office.routes = office.routes_by(*rules, alerts_to="oncall")
    oncall = Receiver()
    await jobs(office, 10)
    lanes = office.lane(broken_until(60)), office.lane(oncall, "oncall")
    async with at_work(lanes[1]), at_work(lanes[0]):
        await asyncio.sleep(3600)
    assert [(m.events[0].type, m.rule) for _, m in oncall.sent] == [("destination.down", "alerts_to")]


async def test_alerts_of_alerts_are_none(office):
    """The one who hears of troubles is down itself."""
    office.routes = office.routes_by(alerts_to="inbox")
    await jobs(office, 10)
    async with at_work(office.lane(broken_until(DAY))):
        await asyncio.sleep(3600)
    assert [what for what, *_ in await office.news()] == ["destination.down"]
    assert {row["rule"] for row in await office.rows()} == {"all"}


async def test_dead_deliveries_are_told_once_until_one_arrives(office):
    office.routes = office.routes_by(alerts_to="oncall")
    well = set()
    gone = DeliveryFailed("HTTP 410", permanent=True)
    receiver = Receiver(fails=lambda m, _: None if m.id in well else gone)
    async with at_work(office.lane(receiver)):
        for _ in range(2):
            await jobs(office, 3)
            await asyncio.sleep(DAY)
            well.update(await office.happens("pjb-well"))
            await asyncio.sleep(DAY)
    dead = [news for news in await office.news() if news[0] == "delivery.dead"]
    assert dead == [("delivery.dead", "inbox", "HTTP 410")] * 2


async def test_a_dead_notice_makes_no_notice(office):
    rule = Rule(name="troubles", on=("delivery.dead",), to=("inbox", "other"))
    office.routes = office.routes_by(rule)
    receiver = Receiver(fails=lambda *_: DeliveryFailed("HTTP 410", permanent=True))
    await office.happens()
    async with at_work(office.lane(receiver)), at_work(office.lane(receiver, "other")):
        await asyncio.sleep(DAY)
    assert await office.news() == [("delivery.dead", "inbox", "HTTP 410")]


async def test_who_says_too_many_is_left_alone_so_long_as_it_asks(quick_office):
    busy = DeliveryFailed("HTTP 429", status=429, retry_after=30.0)
    receiver = Receiver(fails=lambda *_: busy if len(receiver.sent) == 1 else None)
    await jobs(quick_office, 5)
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(100)
    start = receiver.times[0]
    assert [round(when - start) for when in receiver.times] == [0, 30, 30, 30, 30, 30]


async def test_a_lane_keeps_its_rate(quick_office):
    receiver = Receiver()
    await jobs(quick_office, 10)
    async with at_work(quick_office.lane(receiver, rate=3.0)):
        await asyncio.sleep(60)
    assert [round(b - a) for a, b in zip(receiver.times, receiver.times[1:], strict=False)] == [3] * 9
    assert await quick_office.states() == {"delivered": 10}


async def test_a_lane_that_waits_for_its_rate_stops_at_once(quick_office):
    receiver = Receiver()
    await jobs(quick_office, 10)
    loop = asyncio.get_running_loop()
    async with at_work(quick_office.lane(receiver, rate=10.0)):
        await asyncio.sleep(1)
        asked = loop.time()
    assert loop.time() - asked < 1
    assert [row["attempts"] for row in await quick_office.rows()] == [1, *[0] * 9]


@pytest.mark.parametrize("rate", [36.0, 60.0])
async def test_a_slow_rate_costs_no_turns_while_it_waits(quick_office, rate):
    receiver = Receiver()
    await jobs(quick_office, 3)
    lane = quick_office.lane(receiver, rate=rate)
    turns = []
    store_turn = lane._store.turn

    class Counting:
        def __getattr__(self, name):
            return getattr(quick_office.store, name)

        async def turn(self, **how):
            turns.append(1)
            return await store_turn(**how)

    lane._store = Counting()
    async with at_work(lane):
        await asyncio.sleep(4 * rate)
    assert [round(b - a) for a, b in itertools.pairwise(receiver.times)] == [rate] * 2
    assert len(turns) < 40


async def test_a_message_that_could_not_be_put_into_a_request_opens_nothing(quick_office):
    unfit = DeliveryFailed("the message can't be put into a request", permanent=True)
    receiver = Receiver(fails=lambda *_: unfit)
    await jobs(quick_office, 8)
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(60)
    assert await quick_office.states() == {"dead": 8}
    assert [what for what, *_ in await quick_office.news()] == ["delivery.dead"]


async def test_a_name_that_another_destination_had_tells_its_own_troubles(quick_office):
    for n in range(2):
        await quick_office.happens(f"pjb-{n}")
        receiver = Receiver(fails=lambda *_: DENIED)
        async with at_work(quick_office.lane(receiver)):
            await asyncio.sleep(60)
        with sqlite3.connect(quick_office.path) as db:
            db.execute("DELETE FROM destinations")
    assert [what for what, *_ in await quick_office.news()] == ["destination.down"] * 2
