"""What counts as a destination that is down, and how often people hear of it."""

import asyncio

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed
from relay.ingest import Terms
from relay.rules import Rule
from relay.schedule import Breaker
from relay.store import Group

HOUR = 3600.0
DENIED = DeliveryFailed("HTTP 403", status=403, fault="destination")
BROKEN = DeliveryFailed("HTTP 500", status=500)


def busy(seconds):
    return DeliveryFailed("HTTP 429", status=429, retry_after=seconds)


def now():
    return asyncio.get_running_loop().time()


async def told(office):
    return [(what, why) for what, _, why in await office.news()]


# --- a receiver that asks to be left alone


async def test_a_pause_of_a_day_is_told_and_ends_after_an_hour(quick_office):
    receiver = Receiver(fails=lambda *_: busy(DAY) if len(receiver.sent) == 1 else None)
    for n in range(5):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(HOUR - 1)
        why = "HTTP 429, and asks for a pause of 1440 min: it is tried again after 60"
        assert (len(receiver.sent), await told(quick_office)) == (1, [("destination.down", why)])
        await asyncio.sleep(60)
    assert receiver.times[1:] == pytest.approx([HOUR] * 4, abs=1)
    assert [what for what, _ in await told(quick_office)] == ["destination.down", "destination.up"]


async def test_who_goes_on_to_ask_for_a_day_gets_a_probe_an_hour(quick_office):
    receiver = Receiver(fails=lambda *_: busy(DAY))
    for n in range(20):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(5.5 * HOUR)
    assert receiver.times == pytest.approx([n * HOUR for n in range(6)], abs=5)
    assert len(await told(quick_office)) == 1


async def test_the_message_itself_waits_as_long_as_was_asked_for(quick_office):
    receiver = Receiver(fails=lambda _, nth: busy(DAY) if nth == 1 else None)
    await quick_office.happens()
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(DAY + 60)
    assert receiver.times == pytest.approx([0, DAY], abs=1)


async def test_a_short_pause_is_no_trouble(quick_office):
    receiver = Receiver(fails=lambda _, nth: busy(60.0) if nth == 1 else None)
    await quick_office.happens()
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(120)
    assert (receiver.times, await told(quick_office)) == ([0, 60], [])


# --- a destination with little to do


@pytest.mark.parametrize("count", [1, 2])
async def test_an_outage_that_few_messages_meet_is_told_too(quick_office, count):
    receiver = Receiver(fails=lambda *_: BROKEN)
    for n in range(count):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(500)
        assert await told(quick_office) == []
        await asyncio.sleep(HOUR)
    assert await told(quick_office) == [("destination.down", "HTTP 500")]


async def test_while_others_arrive_one_message_that_does_not_makes_no_trouble(quick_office):
    (bad,) = await quick_office.happens("bad")
    receiver = Receiver(fails=lambda m, _: BROKEN if m.id == bad else None)
    async with at_work(quick_office.lane(receiver)):
        for n in range(100):
            await quick_office.happens(f"pjb-{n}")
            quick_office.lanes[0].wake()
            await asyncio.sleep(60)
    assert await told(quick_office) == []


# --- a message that is refused in words that are said of a destination


async def test_one_refused_message_among_good_ones_opens_nothing(quick_office):
    """As a firewall refuses a text that it takes for an attack."""
    receiver = Receiver(fails=lambda m, _: DENIED if m.events[0].data.job_id == "bad" else None)
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await quick_office.happens("good-1")
        await asyncio.sleep(1)
        await quick_office.happens("bad")
        await quick_office.happens("good-2")
        quick_office.lanes[0].wake()
        await asyncio.sleep(3)
    assert (len(receiver.sent), await told(quick_office)) == (3, [])


async def test_a_key_that_is_revoked_is_believed_the_second_time(quick_office):
    receiver = Receiver(fails=lambda *_: DENIED if len(receiver.sent) > 3 else None)
    for n in range(30):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(4)
    assert (len(receiver.sent), await told(quick_office)) == (5, [("destination.down", "HTTP 403")])


def test_a_destination_that_never_worked_is_believed_at_once():
    assert Breaker().after_failure("msg", began=1, now=2, of_destination=True).probe_at is not None
    well = Breaker().after_success(began=0)
    once = well.after_failure("msg", began=1, now=2, of_destination=True)
    twice = once.after_failure("msg", began=3, now=4, of_destination=True)
    assert (once.probe_at, twice.probe_at) == (None, 9)


def test_a_late_success_of_before_it_opened_says_nothing():
    breaker = Breaker().opened(100.0)
    assert breaker.after_success(began=99.0) == breaker
    assert breaker.after_success(began=105.0).probe_at is None


# --- a dead message of several events


async def test_a_dead_group_is_told_of_though_it_begins_with_relays_own_news(quick_office):
    office = quick_office
    office.routes = office.routes_by(Rule(name="all", on=("destination.down",), to=("inbox",), group_by=()))
    office.routes.destinations["inbox"] = Terms(give_up_after=DAY, grouped=True)
    receiver = Receiver(fails=lambda *_: DeliveryFailed("HTTP 410", permanent=True))
    troubled = office.lane(Receiver(fails=lambda *_: DENIED), "other")
    await office.happens("pjb-0", to=("other",))
    async with at_work(troubled):
        await asyncio.sleep(1)
    await office.happens("pjb-1", group=Group(key="{}", wait=10.0, interval=60.0))
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(60)
    ((_, message),) = receiver.sent
    assert [event.type for event in message.events] == ["destination.down", "parse.status-1"]
    assert ("delivery.dead", "HTTP 410") in await told(office)


# --- a destination that comes and goes


async def flapping(office, seconds):
    """A receiver that is down for two minutes of each four."""
    receiver = Receiver(fails=lambda *_: BROKEN if now() % 240 < 120 else None)
    async with at_work(office.lane(receiver)):
        for n in range(int(seconds / 5)):
            await office.happens(f"pjb-{n}")
            office.lanes[0].wake()
            await asyncio.sleep(5)
    return await told(office)


async def test_a_destination_that_comes_and_goes_is_told_of_a_few_times_and_how_often_it_did(quick_office):
    news = await flapping(quick_office, HOUR)
    assert [what for what, _ in news] == ["destination.down", "destination.up"] * 4
    assert news[0] == ("destination.down", "HTTP 500")
    assert {why for what, why in news[2:] if what == "destination.down"} == {
        "HTTP 500 (down 4 times within 16 min)"
    }


async def test_one_that_stays_down_after_it_came_back_is_told_of_when_it_is_time(quick_office):
    receiver = Receiver(fails=lambda *_: BROKEN if not 100 <= now() < 200 else None)
    async with at_work(quick_office.lane(receiver)):
        for n in range(400):
            await quick_office.happens(f"pjb-{n}")
            quick_office.lanes[0].wake()
            await asyncio.sleep(5)
            if now() < 900:
                assert len(await told(quick_office)) <= 2
    assert [what for what, _ in await told(quick_office)] == [
        "destination.down",
        "destination.up",
        "destination.down",
    ]
