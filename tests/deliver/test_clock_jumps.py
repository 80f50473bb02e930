"""A clock that is set back or forward while something waits: it comes, once, and nothing is lost."""

import asyncio
import os
import time

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed
from relay.model import seconds_of, utc_text

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
