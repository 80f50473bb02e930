"""Long lists: each page shows what fits, in one order, along an index."""

import re

import pytest
from bookkeeping import NOW

from relay.store import pages
from relay.store.named import SQL, load

LARGE = ("jobs", "events", "deliveries", "delivery_parts", "attempts", "hints")


@pytest.mark.parametrize(
    ("file", "name"),
    [(file, name) for file in ("pages.sql", "figures.sql") for name in load(file)],
)
async def test_no_question_reads_a_long_table_whole(store, file, name):
    sql = load(file)[name]
    wanted = len(re.findall(r"\?(?!\d)", sql)) + len(set(re.findall(r"\?\d", sql)))

    def plan(db):
        for count in range(wanted + 1):
            try:
                return [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, ["1"] * count)]
            except Exception:  # noqa: BLE001 - so many values it does not take
                continue
        raise AssertionError(name)

    steps = await store.read(plan)
    alias = {found[1]: found[0] for found in re.findall(r"(\w+) AS (\w+)", sql)}
    for step in steps:
        if found := re.match(r"SCAN (\w+)", step):
            table = alias.get(found[1], found[1])
            walks = ("LIMIT" in sql and "USING" in step) or (table == "events" and name == "events")
            assert table not in LARGE or walks or "ORDER BY seq DESC LIMIT" in sql or "count(h" in sql, step


async def test_what_was_told_of_a_batch_is_found_by_its_own_events(store):
    """It is asked at a claim, in the writer: not by what came since, nor by all that was delivered."""
    sql = "EXPLAIN QUERY PLAN " + SQL["latest_of_batch"]
    steps = await store.read(lambda db: [row[3] for row in db.execute(sql, (1, "bat-1", "ops", "msg_1"))])
    assert "SEARCH e USING INDEX events_change (source=? AND job_id=?)" in steps
    assert "SEARCH d USING INDEX deliveries_id (id=?)" in steps


async def test_jobs_of_one_instant_in_several_sources_are_each_shown_once(store):
    from bookkeeping import Account, a_job

    for name in ("parse", "split", "extract"):
        row = await store.open_source(name=name, kind=name, identity="{}", now=NOW)
        await Account(store, row.id).learns(*[a_job(f"job-{n}") for n in range(5)])
    found, before = [], None
    while True:
        page = await store.jobs_page(before=before, limit=4)
        found += [(row["source"], row["id"]) for row in page.rows]
        if page.next is None:
            break
        before = page.next
    assert len(found) == len(set(found)) == 15
    whole = await store.jobs_page(limit=100)
    assert found == [(row["source"], row["id"]) for row in whole.rows]


async def test_a_page_goes_on_where_it_ended_though_more_came_meanwhile(account, store):
    for n in range(4):
        await account.sees(f"job-{n}")
    first = await store.events_page(limit=2)
    await account.sees("job-late")
    second = await store.events_page(before=first.next, limit=2)
    assert [row["seq"] for row in first.rows + second.rows] == [4, 3, 2, 1]
    assert second.next is None


async def test_what_happened_is_counted_by_hour_and_minute(account, store, lane):
    from bookkeeping import delivered, failed

    await account.sees("a", "FAILED")
    await account.sees("b", "FAILED", at=61)
    await account.sees("c", "RUNNING", at=3600)
    one, two, three = await lane.claim(at=3700)
    await lane.turn(delivered(one), failed(two), failed(three, again=9000), at=3700, room=0)
    summary = await store.summary()
    assert summary.ever["event"] == {"parse.failed": 2, "parse.running": 1}
    assert summary.ever["rule"] == {"all": 3}
    assert summary.ever["delivery"] == {"ops/delivered": 1, "ops/dead": 1}
    hours = await store.series(what="event", span="hour", since="2026")
    assert [(name, n) for _, name, n in hours] == [("parse.failed", 2), ("parse.running", 1)]
    minutes = await store.series(what="event", span="minute", since="2026")
    assert [n for _, _, n in minutes] == [1, 1, 1]


async def test_minutes_are_forgotten_after_two_days_and_hours_are_not(account, store):
    await account.sees("a", "FAILED")
    await account.sees("b", "FAILED", at=3 * 86400)
    assert len(await store.series(what="event", span="minute", since="")) == 1
    assert len(await store.series(what="event", span="hour", since="")) == 2


async def test_a_success_that_comes_late_is_counted_once_each_way(account, store, lane):
    from bookkeeping import delivered, failed

    await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed), room=0)
    await lane.turn(delivered(claimed), room=0)
    await lane.turn(delivered(claimed), room=0)
    assert (await store.summary()).ever["delivery"] == {"ops/dead": 1, "ops/delivered": 1}


async def test_the_summary_says_what_waits_and_since_when(account, store, lane):
    await account.sees("a", to=("ops", "oncall"))
    await account.sees("b", at=5)
    queues = (await store.summary()).queues
    assert {name: queue.waiting for name, queue in queues.items()} == {"ops": 2, "oncall": 1}
    assert queues["ops"].oldest == queues["oncall"].oldest
    assert (await store.summary()).open_jobs == {("parse", "RUNNING"): 2}


def test_a_walk_of_too_many_branches_is_cut():
    assert len(pages._branches(range(100), range(100))) == pages.MOST_BRANCHES
