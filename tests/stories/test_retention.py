"""What is old goes from the store and is never news again, whatever is pruned when and shown how."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest
from tales import hiding, looks, unreachable

from relay.errors import DeliveryFailed
from relay.ingest import Look
from relay.model import utc_text
from relay.plan import Listing
from relay.retention import Retention
from relay.simulator import Scenario

HOUR, DAY = 3600.0, 86400.0
KINDS = ("parse", "batch", "batch_v1")


async def pruned(it, keep=2 * DAY):
    return await Retention(store=it.store, clock=it.clock, keep=keep).prune()


async def all_shown(it):
    """Every list is walked from its begin to its end, and the ledger is green."""
    for poller in it.relay.pollers:
        await poller.looking.asking.walk(Listing(), Look())
    assert (await it.store.audit()).amiss == ()


async def jobs(it):
    return sorted(row["id"] for row in await it.store.rows("jobs", limit=100_000))


def ask(it, sql):
    with closing(sqlite3.connect(it._path)) as db:
        return db.execute(sql).fetchall()


async def an_account(story, *, kind="parse", **spec):
    """One whose job `old` has ended, was told of and delivered; it moves on by three days."""
    it = await story(kinds=(kind,), **spec)
    await it.live(60)
    it.simulator.create(kind, id="old", status="RUNNING")
    await it.live(60)
    it.simulator.move("old", "FAILED", "PDF_IS_BROKEN")
    await it.live(60)
    it.simulator.create(kind, id="last", status="RUNNING")
    await it.live(60 if kind == "parse" else 1.2 * HOUR)  # what became of a batch's files is known by then
    return it


@pytest.mark.parametrize("kind", KINDS)
async def test_what_ended_goes_with_all_that_came_of_it(story, kind):
    it = await an_account(story, kind=kind)
    await it.clock.sleep(3 * DAY)
    it.simulator.create(kind, id="new", status="RUNNING")
    await it.live(60)
    told = await it.told()
    await pruned(it)
    assert await jobs(it) == ["last", "new"]
    assert await it.told() == [change for change in told if change[0] != "old"]
    for table in ("attempts", "delivery_parts", "deliveries", "events"):
        assert ask(it, f"SELECT count(*) FROM {table}") == [(2,)]
    assert (await it.store.audit()).amiss == ()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pruned_job_that_is_seen_again_is_no_news_and_takes_no_place(story, kind):
    it = await an_account(story, kind=kind)
    await it.clock.sleep(3 * DAY)
    it.simulator.create(kind, id="new", status="RUNNING")
    await it.live(60)
    await pruned(it)
    told = await it.told()
    await all_shown(it)
    await it.start()
    await all_shown(it)
    assert await it.told() == told
    assert await jobs(it) == ["last", "new"]


async def test_one_that_turns_again_after_all_is_followed_in_silence_at_first(story):
    it = await an_account(story)
    await it.clock.sleep(3 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    await it.live(60)
    await pruned(it)
    told = await it.told()
    it.simulator.move("old", "RUNNING")
    await all_shown(it)
    assert await it.told() == told
    it.simulator.move("old", "COMPLETED")
    await looks(it, 2)
    assert await it.told() == [*told, ("old", "COMPLETED", "RUNNING")]
    assert (await it.store.audit()).amiss == ()


async def test_a_job_without_a_creation_time_is_not_forgotten(story):
    it = await story(Scenario(), kinds=("parse",))
    await it.live(60)
    it.simulator.create("parse", id="old", status="RUNNING")
    it.api.answer = undated(it.simulator.answer)
    await it.live(60)
    it.simulator.move("old", "COMPLETED")
    await it.live(60)
    await it.clock.sleep(3 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    await it.live(60)
    assert (await pruned(it)).events == 2
    assert await it.told() == [("new", "RUNNING", None)]
    await all_shown(it)
    assert (await pruned(it)).jobs == 0  # it is not buried twice
    assert await it.told() == [("new", "RUNNING", None)]
    it.simulator.move("old", "FAILED")
    await all_shown(it)
    assert await it.told() == [("new", "RUNNING", None), ("old", "FAILED", "COMPLETED")]


def undated(answer):
    import json

    def answered(request):
        given = answer(request)
        page = json.loads(given.body)
        for item in page.get("items", ()):
            item.pop("created_at", None)
        return replace(given, body=json.dumps(page).encode())

    return answered


async def test_nothing_undelivered_goes_however_old_and_the_dead_go_by_their_end(story):
    it = await an_account(story)
    it.inbox.failures = [DeliveryFailed("no")] * 1000
    it.simulator.create("parse", id="owed", status="FAILED")
    await it.live(HOUR)
    await it.clock.sleep(2.5 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    await it.live(60)
    assert ask(it, "SELECT state FROM deliveries WHERE attempts > 3") == [("waiting",)]
    await pruned(it)
    assert await jobs(it) == ["last", "new", "owed"]
    await it.clock.sleep(DAY)
    await it.live(HOUR)
    assert ask(it, "SELECT count(*) FROM deliveries WHERE state = 'dead'") == [(1,)]
    await pruned(it)
    assert "owed" in await jobs(it)
    it.inbox.failures = []
    await it.clock.sleep(2.5 * DAY)
    it.simulator.create("parse", id="newest", status="RUNNING")
    await it.live(60)
    await pruned(it)
    assert "owed" not in await jobs(it)
    assert (await it.store.audit()).amiss == ()


async def test_neither_open_jobs_nor_batches_that_are_followed_go(story):
    it = await an_account(story, kind="batch")
    with_files = it.simulator.create("batch", id="followed", status="RUNNING")
    await it.live(60)
    it.simulator.move(with_files, "COMPLETED")
    it.api.answer = unreachable(it.simulator.answer)
    await it.live(60)
    with closing(sqlite3.connect(it._path)) as db, db:
        db.execute(
            "UPDATE jobs SET status = 'COMPLETED', follow_at = '2999', changed_at = '2000' "
            "WHERE id = 'followed'"
        )
    it.api.answer = it.simulator.answer
    await it.clock.sleep(3 * DAY)
    it.simulator.create("batch", id="new", status="RUNNING")
    await it.live(60)
    await pruned(it)
    assert await jobs(it) == ["followed", "last", "new"]


async def test_a_job_that_vanished_goes_and_is_silent_when_it_is_back(story):
    it = await an_account(story)
    it.api.answer = hiding(it.simulator.answer, "last")
    await it.live(HOUR)
    await it.clock.sleep(4 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    await it.live(60)
    await pruned(it)
    assert await jobs(it) == ["new"]
    told = await it.told()
    it.api.answer = it.simulator.answer
    await all_shown(it)
    assert await it.told() == told


async def test_after_an_outage_longer_than_what_is_kept_all_of_it_is_still_news(story):
    it = await an_account(story)
    it.simulator.create("parse", id="shown", status="RUNNING")
    await it.live(60)
    it.simulator.move("shown", "COMPLETED")
    begin = it.world_clock.now()
    for n in range(8):
        it.simulator.create("parse", id=f"missed-{n}", status="FAILED", created_at=begin + n * DAY / 2)
    await it.clock.sleep(4 * DAY)
    await pruned(it)
    await it.live(HOUR)
    await pruned(it)
    told = [change for change in await it.told() if change[0].startswith("missed")]
    assert sorted(told) == [(f"missed-{n}", "FAILED", None) for n in range(8)]
    await all_shown(it)


async def test_a_pass_never_goes_past_a_day_before_the_mark(story):
    it = await an_account(story)
    await pruned(it, keep=0.0)
    ((until, mark),) = ask(it, "SELECT pruned_until, mark FROM sources")
    assert until < utc_text(it.world_clock.now() - DAY) < mark
    it.clock.jump(1000 * DAY)
    await pruned(it)
    assert await jobs(it) == ["last", "old"]


async def test_a_source_that_was_replaced_goes_with_all_that_was_known_of_it(story):
    it = await an_account(story)
    it.specs[0] = replace(it.specs[0], base_url="http://other.test")
    await it.start()
    await it.live(60)
    await it.clock.sleep(3 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    await it.live(60)
    await pruned(it)
    assert ask(it, "SELECT count(*) FROM sources") == [(1,)]
    assert ask(it, "SELECT DISTINCT job_id FROM events") == [("new",)]


async def test_relay_prunes_by_itself_each_hour(story):
    it = await an_account(story)
    it.simulator.create("parse", id="soon", status="RUNNING")
    await it.clock.sleep(2.2 * DAY)
    it.simulator.create("parse", id="new", status="RUNNING")
    it.relay.chores = [Retention(store=it.store, clock=it.clock, keep=2 * DAY).run]
    await it.live(2 * HOUR)
    assert await jobs(it) == ["last", "new", "soon"]


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_pruned_when_each_change_is_told_once_and_nothing_else(story, seed):
    chance = Random(seed)
    it = await story(kinds=KINDS, page_limit=5, seed=seed)
    await it.live(20)
    happened = defaultdict(list)
    for n in range(25):
        _happens(it, chance, n, happened)
        await it.live(20)
        if chance.random() < 0.5:
            await pruned(it)
        if chance.random() < 0.3:
            await all_shown(it)
        await it.clock.sleep(chance.choice((60.0, 2 * HOUR, 9 * HOUR, 9 * HOUR, 30 * HOUR)))
    for _ in range(3):
        await it.live(60)
        await it.clock.sleep(DAY)
        await pruned(it)
        await all_shown(it)
    assert {job: fits(told, happened[job]) for job, told in _told(it).items()} == dict.fromkeys(
        happened, True
    )
    assert len(await jobs(it)) < len(happened) / 2


def _happens(it, chance, n, happened):
    """A few jobs come, and some of those that are open move on."""
    for job, statuses in happened.items():
        if statuses[-1] in {"PENDING", "RUNNING"} and chance.random() < 0.5:
            status = chance.choice(("RUNNING", "COMPLETED", "FAILED")[statuses[-1] == "RUNNING" :])
            it.simulator.move(job, status)
            statuses.append(status)
    for kind in KINDS:
        for m in range(chance.randrange(3)):
            job = it.simulator.create(kind, id=f"{kind}-{n}-{m}", status="PENDING").id
            happened[job].append("PENDING")


def _told(it):
    """What arrived of each job, in its order."""
    told = defaultdict(list)
    for message in it.inbox.messages:
        for event in message.events:
            if event.type == f"{event.data.product}.{(event.data.status or '').lower()}":
                told[event.data.job_id].append(event.data.status)
    return told


def fits(told, happened):
    """Begin and end are told, nothing twice, and what was between in its order as far as it was seen."""
    left = iter(happened)
    return all(status in left for status in told) and (told[0], told[-1]) == (happened[0], happened[-1])
