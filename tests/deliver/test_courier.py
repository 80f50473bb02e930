"""All lanes together: none delays another, and what else the outbox hears of."""

import asyncio

import pytest
from office import DAY, Receiver, at_work
from virtual import open_inline

from relay.errors import DeliveryFailed


def elapsed(receiver, since):
    return max(receiver.times) - since


def now():
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    "trouble",
    [
        Receiver(takes=lambda _: DAY),
        Receiver(fails=lambda *_: DeliveryFailed("refused", fault="destination")),
        Receiver(fails=lambda *_: RuntimeError("a bug")),
    ],
    ids=["stuck", "dead", "broken"],
)
async def test_a_destination_in_trouble_delays_no_other(office, trouble):
    for n in range(300):
        await office.happens(f"pjb-{n}", to=("trouble", "well"))
    well, since = Receiver(takes=lambda _: 0.1), now()
    async with at_work(office.courier({"trouble": trouble, "well": well})):
        await asyncio.sleep(30)
        assert len(well.sent) == 300
        assert elapsed(well, since) < 5
    assert len(await office.rows(destination="trouble", state="waiting")) == 300


async def test_a_destination_that_is_not_in_the_configuration_keeps_its_deliveries(office):
    await office.happens(to=("gone",))
    async with at_work(office.courier({"inbox": Receiver()})):
        await asyncio.sleep(60)
    (row,) = await office.rows()
    assert (row["state"], row["attempts"]) == ("waiting", 0)


async def test_what_is_committed_is_sent_at_once(office):
    receiver = Receiver()
    courier = office.courier({"inbox": receiver})
    async with at_work(courier):
        await asyncio.sleep(100)
        await office.happens()
        since = now()
        courier.wake()
        await asyncio.sleep(30)
    assert elapsed(receiver, since) <= 0.2


async def test_what_is_due_later_is_sent_then(office):
    receiver, since = Receiver(), now()
    await office.happens(after=100)
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(130)
    assert 99.9 <= elapsed(receiver, since) < 100.3


async def test_a_retry_by_another_process_is_seen_within_a_second(quick_office):
    office, receiver = (
        quick_office,
        Receiver(fails=lambda _, nth: DeliveryFailed("no", permanent=True) if nth == 1 else None),
    )
    (delivery,) = await office.happens()
    async with at_work(office.courier({"inbox": receiver})):
        await asyncio.sleep(100.3)
        since, at = now(), office.clock.now()
        other = open_inline(office.path)
        assert await other.retry(give_up_at=dict.fromkeys([delivery], at + DAY), now=at) == 1
        await other.close()
        await asyncio.sleep(5)
    assert receiver.ids == [delivery, delivery]
    assert elapsed(receiver, since) <= 1.0


async def test_only_dead_deliveries_are_retried(office):
    (delivered,) = await office.happens("pjb-1")
    async with at_work(office.courier({"inbox": Receiver()})):
        await asyncio.sleep(1)
    (waiting,) = await office.happens("pjb-2")
    at = office.clock.now()
    assert (
        await office.store.retry(give_up_at=dict.fromkeys([delivered, waiting, "msg_none"], at), now=at) == 0
    )


async def test_a_courier_without_lanes_ends_quietly(office):
    async with at_work(office.courier({})):
        await asyncio.sleep(1)
