"""When a delivery is tried again, and when it is dead."""

import asyncio

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed

WAITS = [5, 30, 120, 600, 1800, 7200, 18000, 36000, 50400, 72000, DAY, DAY, DAY]


def always(**how):
    return lambda _message, _nth: DeliveryFailed("no", **how)


def first(times, **how):
    return lambda _message, nth: DeliveryFailed("no", **how) if nth <= times else None


async def tried(office, receiver, *, for_, give_up_after):
    (delivery,) = await office.happens(give_up_after=give_up_after)
    async with at_work(office.lane(receiver)):
        await asyncio.sleep(for_)
        (row,) = await office.rows()
    assert row["id"] == delivery
    return row


@pytest.mark.parametrize("days", [1, 3, 5])
async def test_a_delivery_is_tried_at_the_promised_times_and_once_more_at_the_end(quick_office, days):
    receiver = Receiver(fails=always())
    row = await tried(quick_office, receiver, for_=days * DAY + 60, give_up_after=days * DAY)
    promised = [sum(WAITS[:n]) for n in range(len(WAITS)) if sum(WAITS[:n]) < days * DAY]
    assert receiver.times == [*promised, days * DAY]
    assert (row["state"], row["attempts"], row["reason"]) == ("dead", len(promised) + 1, "no")


async def test_until_the_last_attempt_it_is_not_dead(quick_office):
    receiver = Receiver(fails=always())
    row = await tried(quick_office, receiver, for_=DAY - 1, give_up_after=DAY)
    assert (row["state"], row["reason"]) == ("waiting", "no")


async def test_the_last_attempt_may_succeed(quick_office):
    receiver = Receiver(fails=first(9))
    row = await tried(quick_office, receiver, for_=DAY + 1, give_up_after=DAY)
    assert (row["state"], row["reason"], receiver.times[-1]) == ("delivered", None, DAY)


async def test_an_attempt_that_fails_after_the_end_was_the_last(quick_office):
    receiver = Receiver(fails=always(), takes=lambda _: 10.0)
    row = await tried(quick_office, receiver, for_=100, give_up_after=12)
    assert (receiver.times, row["state"]) == ([0.0, 12.0], "dead")


async def test_with_no_time_to_give_there_is_one_attempt(quick_office):
    receiver = Receiver(fails=always())
    row = await tried(quick_office, receiver, for_=60, give_up_after=0)
    assert (receiver.times, row["state"]) == ([0.0], "dead")


@pytest.mark.parametrize(
    ("asked", "second"),
    [
        (None, 5),
        (0.0, 5),
        (-9.0, 5),
        (1.0, 5),
        (3600.0, 3600),
        (DAY, DAY),
        (10 * DAY, DAY),
        (1e300, DAY),
        (float("inf"), DAY),
        (float("nan"), 5),
    ],
)
async def test_a_longer_wait_that_was_asked_for_is_honoured_up_to_a_day(quick_office, asked, second):
    receiver = Receiver(fails=first(1, retry_after=asked))
    row = await tried(quick_office, receiver, for_=second + 1, give_up_after=3 * DAY)
    assert (receiver.times, row["state"]) == ([0.0, second], "delivered")


async def test_a_wait_that_was_asked_for_does_not_outlast_the_end(quick_office):
    receiver = Receiver(fails=always(retry_after=DAY))
    await tried(quick_office, receiver, for_=200, give_up_after=100)
    assert receiver.times == [0.0, 100.0]


async def test_what_can_never_be_sent_is_dead_at_once(quick_office):
    receiver = Receiver(fails=always(permanent=True, retry_after=60.0))
    row = await tried(quick_office, receiver, for_=DAY, give_up_after=3 * DAY)
    assert (receiver.times, row["state"], row["attempts"]) == ([0.0], "dead", 1)


@pytest.mark.parametrize("fault", ["message", "destination"])
async def test_whoever_is_at_fault_it_is_tried_again(quick_office, fault):
    receiver = Receiver(fails=first(1, fault=fault))
    assert (await tried(quick_office, receiver, for_=60, give_up_after=DAY))["state"] == "delivered"


async def test_a_stuck_receiver_fails_at_the_deadline_and_is_tried_again(quick_office):
    receiver = Receiver(takes=lambda _: DAY)
    row = await tried(quick_office, receiver, for_=40, give_up_after=DAY)
    assert receiver.times == [0.0, 20.0]
    assert row["reason"] == "no whole answer within 15 s"


async def test_a_dead_delivery_that_is_retried_has_all_its_time_again(quick_office):
    receiver = Receiver(fails=first(1, permanent=True))
    (delivery,) = await quick_office.happens()
    async with at_work(quick_office.courier({"inbox": receiver})):
        await asyncio.sleep(10)
        now = quick_office.clock.now()
        assert await quick_office.store.retry(give_up_at=dict.fromkeys([delivery], now + DAY), now=now) == 1
        await asyncio.sleep(1)
    assert receiver.ids == [delivery, delivery]
    assert await quick_office.states() == {"delivered": 1}
    assert await quick_office.attempts() == [(delivery, 1, "dead"), (delivery, 2, "delivered")]


async def test_what_was_answered_is_kept_with_each_attempt(quick_office):
    failure = DeliveryFailed("HTTP 503", status=503, answer="later")
    receiver = Receiver(fails=lambda _, nth: failure if nth == 1 else None)
    await tried(quick_office, receiver, for_=60, give_up_after=DAY)
    kept = quick_office.store._reader.execute(
        "SELECT outcome, status, answer, reason FROM attempts ORDER BY nth"
    )
    assert kept.fetchall() == [("failed", 503, "later", "HTTP 503"), ("delivered", 200, "thanks", None)]
