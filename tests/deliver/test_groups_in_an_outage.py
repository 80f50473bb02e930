"""While a destination is down its groups go on collecting, and when it is back they come as few messages."""

import asyncio
from itertools import pairwise

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed
from relay.store import Group

HOUR, INTERVAL = 3600.0, 60.0


def now():
    return asyncio.get_running_loop().time()


async def outage(office, hours, *, keys=1, until=HOUR):
    """An event each half a minute, of `keys` groups in turn, while the receiver is down, and for some time
    after; the receiver, and what it got since it is up.
    """
    receiver = Receiver(
        fails=lambda *_: DeliveryFailed("HTTP 500", status=500) if now() < hours * HOUR else None
    )
    async with at_work(office.lane(receiver)):
        for n in range(int((hours * HOUR + until) / 30)):
            group = Group(key=f'{{"n":{n % keys}}}', wait=10.0, interval=INTERVAL)
            await office.happens(f"pjb-{n}", group=group)
            await asyncio.sleep(30)
        back = [(when, message) for when, message in receiver.sent if when >= hours * HOUR]
        await asyncio.sleep(DAY)
    assert await office.states() == {"delivered": len(set(receiver.ids))}
    assert (await office.store.audit()).amiss == ()
    return receiver, back


@pytest.mark.parametrize("hours", [1, 8])
async def test_a_group_freezes_a_few_messages_and_not_one_a_probe(quick_office, hours):
    receiver, _ = await outage(quick_office, hours)
    frozen = {message.id for when, message in receiver.sent if when < hours * HOUR}
    assert len(frozen) <= 4 + hours


async def test_probes_keep_their_pace_all_the_same(quick_office):
    receiver, _ = await outage(quick_office, 4)
    probes = [when for when in receiver.times if HOUR < when < 4 * HOUR]
    assert max(b - a for a, b in pairwise(probes)) <= 660


async def test_what_was_collected_comes_within_minutes_of_the_end_as_one_message(quick_office):
    _, back = await outage(quick_office, 4)
    soon = [message.count for when, message in back if when < 4 * HOUR + 780]
    assert max(soon) >= 60


async def test_messages_of_a_group_keep_their_distance_after_an_outage(quick_office):
    _, back = await outage(quick_office, 4)
    fresh = [when for when, message in back if message.last > "2026-09-21T18:13"]
    assert len(fresh) > 10
    assert min(b - a for a, b in pairwise(fresh)) >= INTERVAL


async def test_many_groups_freeze_no_more_than_one_or_two_each(quick_office):
    receiver, _ = await outage(quick_office, 2, keys=20)
    frozen = {message.id for when, message in receiver.sent if when < 2 * HOUR}
    assert len(frozen) <= 2 * 20


@pytest.mark.parametrize(("fourth", "held"), [("arrives", INTERVAL), ("fails", 0.0)])
async def test_a_new_message_waits_to_see_whether_an_older_of_its_group_arrives(quick_office, fourth, held):
    """Both are due at the same moment: the older for the fourth time, and an attempt takes two seconds."""
    fails = 3 if fourth == "arrives" else 4
    receiver = Receiver(
        takes=lambda _: 2.0,
        fails=lambda _, nth: DeliveryFailed("HTTP 500", status=500) if nth <= fails else None,
    )
    lane, group = quick_office.lane(receiver), Group(key="{}", wait=10.0, interval=INTERVAL)
    async with at_work(lane):
        await quick_office.happens("old", group=group)
        lane.wake()
        await asyncio.sleep(161)
        await quick_office.happens("new", group=group)
        await asyncio.sleep(75)
    jobs = [message.events[0].data.job_id for _, message in receiver.sent]
    assert jobs[:5] == ["old", "old", "old", "old", "new"]
    assert receiver.times[4] - receiver.times[3] == 2.0 + held
