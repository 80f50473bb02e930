"""One lane: all of it arrives, in order where that is promised, no more at a time than allowed."""

import asyncio
import logging
import random

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed


def failing(*jobs, times=1, **how):
    """These jobs' deliveries fail, each so many times."""

    def fails(message, nth):
        wrong = message.events[0].data.job_id in jobs and nth <= times
        return DeliveryFailed("no", **how) if wrong else None

    return fails


async def test_every_delivery_ends_as_delivered_or_dead(office):
    chance = random.Random(7)
    receiver = Receiver(
        fails=lambda _, nth: DeliveryFailed("no", permanent=chance.random() < 0.2) if nth < 3 else None,
        takes=lambda _: chance.uniform(0, 0.3),
    )
    for n in range(200):
        await office.happens(f"pjb-{n % 90}")
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(5 * DAY)
    states = await office.states()
    assert states.keys() == {"delivered", "dead"}
    assert sum(states.values()) == 200
    assert (await office.store.audit()).amiss == ()


@pytest.mark.parametrize("concurrency", [1, 3, 10])
async def test_a_result_that_comes_during_a_turn_is_not_lost(office, concurrency):
    chance = random.Random(concurrency)
    receiver = Receiver(takes=lambda _: chance.uniform(0, 0.2))
    ids = [delivery for n in range(150) for delivery in await office.happens(f"pjb-{n}")]
    async with at_work(office.lane(receiver, concurrency=concurrency)):
        await asyncio.sleep(120)
        assert await office.states() == {"delivered": 150}
    assert sorted(receiver.ids) == sorted(ids), "each was sent once"


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_as_many_as_allowed_are_sent_at_a_time_and_no_more(office, concurrency):
    receiver = Receiver(takes=lambda _: 1.0)
    for n in range(100):
        await office.happens(f"pjb-{n}")
    async with at_work(office.lane(receiver, concurrency=concurrency)):
        await asyncio.sleep(200)
    assert (len(receiver.sent), receiver.most) == (100, concurrency)


async def test_a_freed_place_does_not_wait_for_the_disk(office):
    receiver = Receiver(takes=lambda _: 1.0)
    for n in range(100):
        await office.happens(f"pjb-{n}")
    start = asyncio.get_running_loop().time()
    async with at_work(office.lane(receiver, concurrency=10)):
        await asyncio.sleep(15)
    assert receiver.times[-1] - start < 9.5


async def test_events_of_a_job_arrive_in_their_order_while_other_jobs_overtake(office):
    for job in ("pjb-1", "pjb-1", "pjb-2", "pjb-1", "pjb-2"):
        await office.happens(job)
    first = (await office.rows())[0]["id"]
    receiver = Receiver(fails=lambda m, nth: DeliveryFailed("no") if m.id == first and nth < 3 else None)
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(60)
    assert await office.states() == {"delivered": 5}
    assert receiver.changes[0] == "pjb-1 STATUS-1"
    assert receiver.changes[1:3] == ["pjb-2 STATUS-1", "pjb-2 STATUS-2"]
    assert receiver.changes[3:] == [*["pjb-1 STATUS-1"] * 2, "pjb-1 STATUS-2", "pjb-1 STATUS-3"]


async def test_an_event_waits_for_the_one_before_it_while_that_is_being_sent(office):
    receiver = Receiver(takes=lambda _: 5.0)
    await office.happens()
    await office.happens()
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(20)
    assert receiver.most == 1
    assert receiver.changes == ["pjb-1 STATUS-1", "pjb-1 STATUS-2"]


async def test_a_dead_event_lets_the_next_of_its_job_pass(office):
    (gone,) = await office.happens()
    receiver = Receiver(fails=lambda m, _: DeliveryFailed("no", permanent=True) if m.id == gone else None)
    await office.happens()
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(5)
    assert [row["state"] for row in await office.rows()] == ["dead", "delivered"]


async def test_the_order_of_one_destination_is_not_that_of_another(office):
    stuck, quick = Receiver(fails=failing("pjb-1", times=99)), Receiver()
    for _ in range(3):
        await office.happens(to=("stuck", "quick"))
    async with at_work(office.courier({"stuck": stuck, "quick": quick})):
        await asyncio.sleep(3)
    assert quick.changes == ["pjb-1 STATUS-1", "pjb-1 STATUS-2", "pjb-1 STATUS-3"]
    assert set(stuck.changes) == {"pjb-1 STATUS-1"}


async def test_a_retry_is_the_same_message(office):
    receiver = Receiver(fails=failing("pjb-1", times=3))
    await office.happens()
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(300)
    messages = [message for _, message in receiver.sent]
    assert len(messages) == 4
    assert all(message == messages[0] for message in messages)


async def test_a_fault_of_relays_own_is_a_failed_attempt_and_the_lane_goes_on(office, caplog):
    receiver = Receiver(fails=lambda m, nth: KeyError("oops") if (m.id, nth) == (first, 1) else None)
    (first,) = await office.happens("pjb-1")
    await office.happens("pjb-2")
    async with at_work(office.lane(receiver, concurrency=1)):
        await asyncio.sleep(1)
        (row, other) = await office.rows()
        assert (row["state"], other["state"]) == ("waiting", "delivered")
        assert row["reason"] == "a fault of relay's own (KeyError); its log says more"
        await asyncio.sleep(60)
    assert await office.states() == {"delivered": 2}
    assert "KeyError" in caplog.text


async def test_a_cancellation_nobody_asked_for_is_a_failed_attempt_and_the_lane_goes_on(office):
    receiver = Receiver(fails=lambda m, nth: asyncio.CancelledError() if (m.id, nth) == (first, 1) else None)
    (first,) = await office.happens("pjb-1")
    await office.happens("pjb-2")
    async with at_work(office.lane(receiver, concurrency=1)):
        await asyncio.sleep(600)
        assert await office.states() == {"delivered": 2}


async def test_a_delivery_that_was_claimed_and_not_sent_in_time_is_not_counted(office):
    """A receiver that hangs, whose connection takes a moment to be closed."""

    class Hanging(Receiver):
        async def send(self, message):
            try:
                return await super().send(message)
            finally:
                await asyncio.sleep(0.1)

    receiver = Hanging(takes=lambda _: DAY)
    for n in range(20):
        await office.happens(f"pjb-{n}")
    async with at_work(office.lane(receiver, concurrency=2, timeout=15.0)):
        await asyncio.sleep(600)
    rows = await office.rows()
    assert {row["id"]: row["attempts"] for row in rows} == {
        row["id"]: receiver.ids.count(row["id"]) for row in rows
    }


@pytest.mark.parametrize("jump", [-DAY, -1.0, 1.0, 60.0, DAY])
async def test_a_clock_that_jumps_sends_nothing_twice_at_a_time(office, jump):
    receiver = Receiver(takes=lambda _: 10.0)
    for n in range(15):
        await office.happens(f"pjb-{n}")
    lane = office.lane(receiver)
    async with at_work(lane):
        await asyncio.sleep(5)
        office.clock.jump(jump)
        lane.wake()
        await asyncio.sleep(60)
    assert receiver.doubled == []


async def test_each_attempt_is_one_line_in_the_log(office, caplog):
    caplog.set_level(logging.INFO, "relay.deliver")
    receiver = Receiver(fails=failing("pjb-1"))
    (delivery,) = await office.happens()
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(60)
    failed, delivered = caplog.messages
    assert f"delivery={delivery} rule=all events=1 nth=1 outcome=failed" in failed
    assert "reason=no" in failed
    assert f"delivery={delivery} rule=all events=1 nth=2 outcome=delivered status=200" in delivered
