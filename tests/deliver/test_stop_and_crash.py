"""A stop gives back what it has not sent; a crash costs no delivery and changes none."""

import asyncio
import random

import pytest
from office import DAY, Receiver, at_work

from relay.destinations.bodies import FORMATS
from relay.service import GRACE, Relay


def now():
    return asyncio.get_running_loop().time()


async def test_what_was_claimed_and_not_sent_is_given_back_uncounted(office):
    receiver = Receiver(takes=lambda _: 3.0)
    for n in range(10):
        await office.happens(f"pjb-{n}")
    async with at_work(office.lane(receiver, concurrency=2)):
        await asyncio.sleep(1)
    rows = await office.rows()
    assert len(receiver.sent) == 2
    assert [row["state"] for row in rows] == ["delivered"] * 2 + ["waiting"] * 8
    assert [row["attempts"] for row in rows] == [1] * 2 + [0] * 8
    assert not any(row["claimed"] for row in rows)


async def test_what_was_given_back_is_sent_by_the_next_run_at_once(office):
    receiver = Receiver(takes=lambda _: 3.0)
    ids = [delivery for n in range(10) for delivery in await office.happens(f"pjb-{n}")]
    async with at_work(office.courier({"inbox": receiver}, concurrency=2)):
        await asyncio.sleep(1)
    receiver.takes, since = (lambda _: 0.1), now()
    async with at_work(office.courier({"inbox": receiver}, concurrency=2)):
        await asyncio.sleep(5)
    assert sorted(receiver.ids) == sorted(ids)
    assert max(receiver.times) - since < 2


async def test_a_stop_waits_for_what_is_being_sent(office):
    receiver = Receiver(takes=lambda _: 4.0)
    await office.happens()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(1)
    assert await office.states() == {"delivered": 1}


async def test_a_stop_of_an_idle_courier_is_immediate(office):
    async with at_work(office.courier({"inbox": Receiver(), "other": Receiver()})):
        await asyncio.sleep(100)
        since = now()
    assert now() - since < 0.5


async def test_a_receiver_that_hangs_is_cut_off_at_the_end_of_the_grace(office):
    receiver = Receiver(takes=lambda _: DAY)
    ids = [delivery for n in range(5) for delivery in await office.happens(f"pjb-{n}")]
    relay = Relay((), office.courier({"inbox": receiver}, timeout=300.0, concurrency=2))
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(10)
    since = now()
    relay.stop()
    await running
    assert now() - since <= GRACE + 1
    rows = await office.rows()
    assert [row["claimed"] for row in rows] == [0] * 5
    assert [row["attempts"] for row in rows] == [1, 1, 0, 0, 0]
    receiver.takes = lambda _: 0.0
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(1)
    assert sorted(receiver.ids) == sorted([*ids, *ids[:2]])


@pytest.mark.parametrize("moment", [0.01, 0.5, 1.0, 1.07, 2.5, 7.3])
async def test_a_crash_loses_nothing_and_sends_again_only_the_same(office, moment):
    chance = random.Random(1)
    receiver = Receiver(takes=lambda _: chance.uniform(0.5, 1.5))
    ids = [delivery for n in range(100) for delivery in await office.happens(f"pjb-{n}")]
    before = asyncio.create_task(office.courier({"inbox": receiver}).run())
    await asyncio.sleep(moment)
    gone = await office.crash()
    before.cancel()
    await asyncio.wait([before])
    await gone.close()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(60)
        assert await office.states() == {"delivered": 100}
    assert set(receiver.ids) == set(ids)
    assert len(receiver.ids) <= 100 + 2 * 10, "twice went at most what was under way, or not yet settled"
    for delivery in ids:
        sent = [FORMATS["standard"](message) for _, message in receiver.sent if message.id == delivery]
        assert len({content.body for content in sent}) == 1
    assert (await office.store.audit()).amiss == ()


async def test_after_a_crash_events_of_a_job_still_go_in_order(office):
    receiver = Receiver(takes=lambda _: 1.0)
    for _ in range(4):
        await office.happens()
    before = asyncio.create_task(office.courier({"inbox": receiver}).run())
    await asyncio.sleep(1.5)
    gone = await office.crash()
    before.cancel()
    await asyncio.wait([before])
    await gone.close()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(20)
    firsts = list(dict.fromkeys(receiver.changes))
    assert firsts == [f"pjb-1 STATUS-{n}" for n in (1, 2, 3, 4)]


async def test_an_attempt_without_an_outcome_stays_counted(quick_office):
    office, receiver = quick_office, Receiver(takes=lambda _: 5.0)
    (delivery,) = await office.happens()
    before = asyncio.create_task(office.courier({"inbox": receiver}).run())
    await asyncio.sleep(1)
    gone = await office.crash()
    before.cancel()
    await asyncio.wait([before])
    await gone.close()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(10)
    assert await office.attempts() == [(delivery, 2, "delivered")]
