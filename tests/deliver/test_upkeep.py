"""Deliveries that no lane takes wait until their time is over; the ledger is looked at each day."""

import asyncio

import pytest
from office import DAY, Receiver, at_work

from relay.deliver import Upkeep
from relay.errors import DeliveryFailed
from relay.ingest import OwnNews, Terms
from relay.model import new_id
from relay.rules import Rule
from relay.store import Group
from relay.store.overdue import NO_DESTINATION, NO_RULE

HOUR = 3600.0


def upkeep(office, *, destinations=("inbox",), rules=("all", "troubles")):
    return Upkeep(
        destinations=destinations,
        rules=rules,
        store=office.store,
        clock=office.clock,
        news=OwnNews(office.routes, new_id),
        told=lambda: [lane.wake() for lane in office.lanes],
    )


class At:
    """Upkeep at work, as the service has it."""

    def __init__(self, upkeep):
        self.upkeep = upkeep

    async def __aenter__(self):
        self._task = asyncio.create_task(self.upkeep.run())
        return self.upkeep

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.mark.parametrize(
    ("known", "why"),
    [({"destinations": ("other",)}, NO_DESTINATION), ({"rules": ("other",)}, NO_RULE)],
    ids=["destination", "rule"],
)
async def test_what_left_the_configuration_waits_until_its_time_is_over_and_is_then_dead(office, known, why):
    await office.happens(give_up_after=10 * HOUR)
    async with At(upkeep(office, **known)):
        await asyncio.sleep(9.9 * HOUR)
        assert await office.states() == {"waiting": 1}
        await asyncio.sleep(1.2 * HOUR)
    (row,) = await office.rows()
    assert (row["state"], row["reason"], row["attempts"]) == ("dead", why, 0)
    assert (await office.store.audit()).amiss == ()


async def test_what_is_known_is_left_to_its_lane(office):
    await office.happens(give_up_after=HOUR)
    async with At(upkeep(office)):
        await asyncio.sleep(DAY)
    assert await office.states() == {"waiting": 1}


async def test_very_many_are_given_up_at_once_and_told_of_once(office):
    office.routes = office.routes_by(Rule(name="troubles", on=("delivery.dead",), to=("inbox",)))
    await office.happens("pjb-0", to=tuple(f"gone-{n % 3}-{n}" for n in range(9)), give_up_after=HOUR)
    for n in range(1500):
        await office.happens(f"pjb-{n}", to=("gone",), give_up_after=HOUR)
    inbox = Receiver()
    async with at_work(office.lane(inbox)), At(upkeep(office)):
        await asyncio.sleep(2.5 * HOUR)
    assert (await office.states())["dead"] == 1509
    assert sorted(m.events[0].data.name for _, m in inbox.sent)[:2] == ["gone", "gone-0-0"]
    assert len(inbox.sent) == 10
    assert (await office.store.audit()).amiss == ()


async def test_a_group_that_is_given_up_is_told_of_though_it_begins_with_relays_own_news(office):
    group = Group(key="{}", wait=10.0, interval=60.0)
    office.routes = office.routes_by(Rule(name="all", on=("destination.down",), to=("gone",), group_by=()))
    office.routes.destinations["gone"] = Terms(give_up_after=HOUR, grouped=True)
    denied = DeliveryFailed("HTTP 401", fault="destination")
    await office.happens("pjb-0")
    async with at_work(office.lane(Receiver(fails=lambda *_: denied))):
        await asyncio.sleep(1)
    await office.happens("pjb-1", to=("gone",), give_up_after=HOUR, group=group)
    async with At(upkeep(office)):
        await asyncio.sleep(3 * HOUR)
    assert [row["state"] for row in await office.rows(destination="gone")] == ["dead"]
    assert ("delivery.dead", "gone", NO_DESTINATION) in await office.news()


async def test_a_rule_that_comes_back_has_its_deliveries_sent(office):
    receiver = Receiver()
    await office.happens()
    async with at_work(office.courier({"inbox": receiver}, rules={"other"})):
        await asyncio.sleep(HOUR)
    assert receiver.sent == []
    async with at_work(office.courier({"inbox": receiver}, rules={"all"})):
        await asyncio.sleep(1)
    assert len(receiver.sent) == 1


async def test_a_retry_of_a_rule_that_left_waits_too(office):
    (delivery,) = await office.happens(give_up_after=HOUR)
    async with At(upkeep(office, rules=())):
        await asyncio.sleep(2 * HOUR)
    now, receiver = office.clock.now(), Receiver()
    await office.store.retry(give_up_at={delivery: now + DAY}, now=now)
    async with at_work(office.courier({"inbox": receiver}, rules=())):
        await asyncio.sleep(60)
    assert (receiver.sent, await office.states()) == ([], {"waiting": 1})


async def test_the_ledger_is_looked_at_at_once_and_each_day(office):
    looked = upkeep(office)
    assert looked.ledger is None
    async with At(looked):
        await asyncio.sleep(1)
        first = looked.ledger
        await office.happens()
        await asyncio.sleep(DAY)
    assert (first.transitions, looked.ledger.transitions) == (0, 1)
    assert looked.ledger.imbalance == 0


async def test_an_imbalance_is_kept_and_each_of_it_is_a_line_in_the_log(quick_office, caplog):
    office = quick_office
    await office.happens()
    office.store.writer._connection.execute("DELETE FROM deliveries")
    looked = upkeep(office)
    await looked.audit()
    assert looked.ledger.imbalance == 1
    assert "amiss=1" in caplog.text
    assert "ledger amiss: undelivered: " in caplog.text


async def test_a_store_that_does_not_answer_ends_nothing(office):
    await office.happens()
    looked = upkeep(office)
    await looked.audit()
    before, store = looked.ledger, office.store
    store.writer._connection.execute("ALTER TABLE deliveries RENAME TO elsewhere")
    await looked.audit()
    await looked.give_up()
    assert looked.ledger is before
    store.writer._connection.execute("ALTER TABLE elsewhere RENAME TO deliveries")
