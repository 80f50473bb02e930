"""The database is locked by another process for a while: nothing is lost, nothing is sent twice for it."""

import asyncio
import sqlite3
from contextlib import closing, contextmanager

import pytest
from office import DAY, Receiver, at_work

from relay.errors import DeliveryFailed


@contextmanager
def locked(office):
    """Another process writes, and takes its time."""
    with closing(sqlite3.connect(office.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("seconds", [0.5, 3, 60, 600])
async def test_results_that_cannot_be_written_are_kept_until_they_can(office, seconds):
    receiver = Receiver(takes=lambda _: 2.0)
    ids = [delivery for n in range(30) for delivery in await office.happens(f"pjb-{n}")]
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(1)
        with locked(office):
            await asyncio.sleep(seconds)
        await asyncio.sleep(60)
        assert await office.states() == {"delivered": 30}
    assert sorted(receiver.ids) == sorted(ids)
    assert (await office.store.audit()).amiss == ()


async def test_failures_that_cannot_be_written_are_kept_too(office):
    receiver = Receiver(takes=lambda _: 2.0, fails=lambda _, nth: DeliveryFailed("no") if nth == 1 else None)
    (delivery,) = await office.happens()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(1)
        with locked(office):
            await asyncio.sleep(100)
        await asyncio.sleep(5)
    assert await office.attempts() == [(delivery, 1, "failed"), (delivery, 2, "delivered")]


async def test_what_was_due_meanwhile_is_sent_soon_after(office):
    receiver = Receiver()
    await office.happens(after=10)
    loop = asyncio.get_running_loop()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(5)
        with locked(office):
            await asyncio.sleep(60)
        since = loop.time()
        await asyncio.sleep(5)
    assert [time - since < 2 for time in receiver.times] == [True]


async def test_a_courier_that_starts_while_it_is_locked_waits(office):
    receiver = Receiver()
    await office.happens()
    async with at_work(office.courier({"inbox": receiver})):
        with locked(office):
            await asyncio.sleep(10)
        await asyncio.sleep(10)
        assert await office.states() == {"delivered": 1}


async def test_a_stop_while_it_is_locked_ends_without_a_fault(office):
    receiver = Receiver(takes=lambda _: 2.0)
    for n in range(30):
        await office.happens(f"pjb-{n}")
    courier = office.courier({"inbox": receiver}, concurrency=2)
    running = asyncio.create_task(courier.run())
    await asyncio.sleep(1)
    with locked(office):
        courier.stop()
        await asyncio.wait([running], timeout=5)
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled() or running.exception() is None
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(DAY / 24)
        assert await office.states() == {"delivered": 30}


async def test_a_lane_that_is_replaced_while_it_is_locked_parks_nothing(office):
    await office.happens()
    courier = office.courier({"inbox": Receiver(takes=lambda _: DAY)})
    async with at_work(courier):
        await asyncio.sleep(1)
        with locked(office):
            gone = asyncio.create_task(courier.take_out("inbox"))
            await asyncio.sleep(60)
        await gone
        courier.put("inbox", office.lane(Receiver()))
        await asyncio.sleep(5)
        assert await office.states() == {"delivered": 1}
