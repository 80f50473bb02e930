"""What any store remembers of a source, over restarts too."""

import sqlite3

import pytest
from bookkeeping import CREATED, NOW, Account, Lane, a_job, delivered

MARK = "2026-09-21T14:10:00.000000Z"


async def opened(store, **changes):
    return await store.open_source(
        **{"name": "parse", "kind": "parse", "identity": "{}", "now": NOW} | changes
    )


async def test_a_source_is_the_same_when_it_is_opened_again(store, account):
    await account.learns(a_job("a"))
    await account.is_whole(mark=MARK, newest=CREATED)
    row = await opened(store)
    assert (row.id, row.seq, row.mark, row.newest) == (account.id, 1, MARK, CREATED)
    assert row.whole_at == "2026-09-21T14:13:20.000Z"


async def test_a_source_of_another_identity_starts_anew_under_the_same_name(store, account):
    await account.sees("a")
    await account.is_whole(mark=MARK, newest=CREATED)
    row = await opened(store, identity='{"query": 1}')
    assert (row.seq, row.baseline, row.mark, row.whole_at) == (0, None, None, None)
    assert await Account(store, row.id).known((CREATED, "a")) == {}
    assert [source["open_jobs"] for source in await store.rows("sources")] == [0]
    assert await Account(store, row.id).learns(a_job("a")) == 1
    assert len(await store.rows("events")) == 1


async def test_failed_looks_are_counted_until_a_whole_one(store, account):
    for count in (1, 2):
        assert await account.fails() == count
    assert (await opened(store)).failures == 2
    assert [source["trouble"] for source in await store.rows("sources")] == ["HTTP 500"]
    await account.is_whole()
    assert (await opened(store)).failures == 0
    assert [source["trouble"] for source in await store.rows("sources")] == [None]


async def test_all_data_survive_a_reopen(place, store, account, lane):
    await account.sees("a", to=("ops", "dev"))
    (claimed,) = await lane.claim()
    await lane.turn(delivered(claimed))
    before = [await store.rows(what) for what in ("jobs", "events", "deliveries", "sources")]
    await store.close()
    again = place.open()
    assert [await again.rows(what) for what in ("jobs", "events", "deliveries", "sources")] == before
    assert len(await Lane(again, "dev").claim()) == 1
    await again.close()


async def test_a_store_that_is_closed_takes_nothing_more(place):
    store = place.open()
    await store.writable()
    await store.close()
    with pytest.raises((RuntimeError, sqlite3.Error)):
        await store.writable()
