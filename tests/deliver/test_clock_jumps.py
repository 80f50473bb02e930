"""A clock that is set back or forward while something waits: it comes, once, and nothing is lost."""

import asyncio
import os
import time

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed
from relay.model import seconds_of, utc_text
from relay.store import Group

HOUR = 3600.0


@pytest.mark.parametrize(
    "jumps", [(HOUR,), (-HOUR,), (HOUR, -HOUR), (-HOUR, HOUR), (-2 * HOUR, -2 * HOUR, DAY)]
)
@pytest.mark.parametrize("after", [0.0, 600.0])
async def test_what_waits_for_its_time_or_for_another_try_still_comes_once(office, jumps, after):
    receiver = Receiver(fails=lambda _, nth: DeliveryFailed("no") if nth <= 3 else None)
    ids = [delivery for n in range(5) for delivery in await office.happens(f"pjb-{n}", after=after)]
    async with at_work(office.lane(receiver)):
        for jump in jumps:
            await asyncio.sleep(7)
            office.clock.jump(jump)
        await asyncio.sleep(6 * HOUR)
        assert await office.states() == {"delivered": 5}
    assert [receiver.ids.count(delivery) for delivery in ids] == [4] * 5
    assert receiver.doubled == []
    assert (await office.store.audit()).amiss == ()


@pytest.mark.parametrize("jump", [-12 * HOUR, -90.0, 90.0, 12 * HOUR])
async def test_a_rate_is_kept_whatever_the_clock_says(quick_office, jump):
    receiver = Receiver()
    for n in range(20):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.courier({"inbox": receiver}, rate=2.0)):
        await asyncio.sleep(11)
        quick_office.clock.jump(jump)
        await asyncio.sleep(60)
    assert receiver.times == pytest.approx([2.0 * n for n in range(20)], abs=0.7)


@pytest.mark.parametrize("jump", [-12 * HOUR, 12 * HOUR])
async def test_probes_keep_their_pace_whatever_the_clock_says(quick_office, jump):
    receiver = Receiver(fails=lambda *_: DeliveryFailed("HTTP 401", fault="destination"))
    for n in range(20):
        await quick_office.happens(f"pjb-{n}")
    courier = quick_office.courier({"inbox": receiver}, concurrency=1)
    async with at_work(courier):
        await asyncio.sleep(20)
        quick_office.clock.jump(jump)
        assert 0 < courier.lanes["inbox"].probe_at - quick_office.clock.now() <= 20
        await asyncio.sleep(60)
    assert receiver.times == pytest.approx([0, 5, 15, 35, 75], abs=0.5)


@pytest.mark.parametrize("jump", [-12 * HOUR, 12 * HOUR])
async def test_a_pause_that_was_asked_for_is_as_long_whatever_the_clock_says(quick_office, jump):
    busy = DeliveryFailed("HTTP 429", status=429, retry_after=60.0)
    receiver = Receiver(fails=lambda *_: busy if len(receiver.sent) == 1 else None)
    for n in range(5):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.courier({"inbox": receiver}, concurrency=1)):
        await asyncio.sleep(10)
        quick_office.clock.jump(jump)
        await asyncio.sleep(140)
    assert receiver.times[1:5] == pytest.approx([60.0] * 4, abs=1)
    assert receiver.ids[5] == receiver.ids[0], "what has failed waits for its own time"


async def test_what_waits_for_another_try_does_not_wait_for_a_clock_that_was_set_back(quick_office):
    receiver = Receiver(fails=lambda _, nth: DeliveryFailed("no") if nth == 1 else None)
    await quick_office.happens()
    async with at_work(quick_office.courier({"inbox": receiver})):
        await asyncio.sleep(2)
        quick_office.clock.jump(-12 * HOUR)
        await asyncio.sleep(10)
    assert receiver.times == pytest.approx([0, 8], abs=1)


async def test_a_groups_message_does_not_wait_for_a_clock_that_was_set_back(quick_office):
    receiver = Receiver()
    await quick_office.happens(group=Group(key="{}", wait=10.0, interval=60.0))
    async with at_work(quick_office.courier({"inbox": receiver})):
        await asyncio.sleep(2)
        quick_office.clock.jump(-12 * HOUR)
        await asyncio.sleep(20)
    assert receiver.times == pytest.approx([12], abs=1)


async def test_what_was_given_back_goes_on_though_the_clock_was_set_back(quick_office):
    receiver = Receiver(takes=lambda _: 1.0)
    for n in range(10):
        await quick_office.happens(f"pjb-{n}")
    async with at_work(quick_office.lane(receiver, concurrency=1)):
        await asyncio.sleep(2.5)
    quick_office.clock.jump(-12 * HOUR)
    async with at_work(quick_office.courier({"inbox": receiver})):
        await asyncio.sleep(3)
    assert await quick_office.states() == {"delivered": 10}


async def test_an_attempt_took_as_long_as_it_did(quick_office):
    receiver = Receiver(takes=lambda _: 3.0)
    await quick_office.happens()
    async with at_work(quick_office.lane(receiver)):
        await asyncio.sleep(1)
        quick_office.clock.jump(-12 * HOUR)
        await asyncio.sleep(5)
    taken = quick_office.store._reader.execute("SELECT seconds FROM attempts").fetchall()
    assert taken == [(pytest.approx(3.0, abs=0.1),)]


@pytest.fixture
def in_berlin():
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("change", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"])
def test_where_summer_begins_and_ends_times_go_on_as_ever(in_berlin, change):
    begin = seconds_of(change) - 3 * HOUR
    times = [begin + 600 * n for n in range(36)]
    texts = [utc_text(moment) for moment in times]
    assert texts == sorted(set(texts))
    assert [seconds_of(text) for text in texts] == times
