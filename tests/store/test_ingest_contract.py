"""From a page to the outbox, in any store."""

import asyncio
import threading

import pytest
from bookkeeping import CREATED, NOW, a_change, a_job, an_event

from relay.diff import Known
from relay.errors import StoreFailed
from relay.store import Changes

LATER = "2026-09-21T15:00:00.000000Z"


async def everything(store):
    return [row for what in ("jobs", "events", "deliveries") for row in await store.rows(what)]


def twice(job_id):
    """One event for two, which no store takes: it fails when much is written already."""
    job = a_job(job_id)
    return Changes(learned=[(job, 1)], events=[an_event(job), an_event(job)])


async def test_a_change_its_event_and_its_deliveries_are_stored_together(store, account):
    await account.sees("a", to=("ops", "dev"))
    (job,) = await store.rows("jobs")
    (event,) = await store.rows("events")
    deliveries = await store.rows("deliveries")
    assert (job["id"], job["status"], job["changes"]) == ("a", "RUNNING", 1)
    assert (event["type"], event["rules"]) == ("parse.running", '{"all":["ops","dev"]}')
    assert sorted((d["destination"], d["event"], d["state"]) for d in deliveries) == [
        ("dev", event["id"], "waiting"),
        ("ops", event["id"], "waiting"),
    ]


async def test_an_exception_in_the_middle_leaves_nothing(store, account):
    with pytest.raises(StoreFailed, match="events"):
        await account.ingest(lambda _: twice("a"), baseline=CREATED)
    assert await everything(store) == []
    assert await account.learns(a_job("b")) == 1
    assert (await store.rows("sources"))[0]["baseline"] is None


async def test_of_a_group_commit_a_function_that_fails_undoes_only_itself(store, account):
    others_wait = threading.Event()
    first = asyncio.ensure_future(account.ingest(lambda _: others_wait.wait(10) and Changes()))
    group = [
        account.ingest(
            lambda _, n=n: twice(f"job-{n}") if n == 1 else a_change({}, a_job(f"job-{n}"), ("ops",))
        )
        for n in range(3)
    ]
    waiting = asyncio.gather(*group, return_exceptions=True)
    asyncio.get_running_loop().call_soon(others_wait.set)
    await first
    results = await waiting
    assert [isinstance(result, StoreFailed) for result in results] == [False, True, False]
    assert {row["id"] for row in await store.rows("jobs")} == {"job-0", "job-2"}
    assert (await store.audit()).amiss == ()


async def test_a_store_goes_on_after_a_function_that_failed(store, account):
    def fails(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await account.ingest(fails)
    assert await account.sees("a") == ["msg-a-1-ops"]


async def test_the_sequence_moves_with_changes_only(account):
    assert await account.learns(a_job("a")) == 1
    assert (await account.ingest(lambda _: Changes()))[1] is None
    assert await account.learns(a_job("b")) == 2


async def test_only_the_first_baseline_is_kept(store, account):
    await account.ingest(lambda _: Changes(), baseline=CREATED)
    await account.ingest(lambda _: Changes(), baseline=LATER)
    await account.ingest(lambda _: Changes(learned=[(a_job("a"), 0)]), baseline=LATER)
    (row,) = await store.rows("sources")
    assert row["baseline"] == CREATED


@pytest.mark.parametrize(
    ("stored", "asked"),
    [(CREATED, CREATED), ("", ""), ("", CREATED), (CREATED, ""), (CREATED, LATER)],
    ids=["plain", "never had one", "has one now", "has none now", "changed"],
)
async def test_a_job_is_known_whatever_became_of_its_creation_time(account, stored, asked):
    await account.learns(a_job("a", created_at=stored), a_job("b"))
    assert await account.known((asked, "a"), (CREATED, "b"), (CREATED, "c")) == {
        "a": "RUNNING",
        "b": "RUNNING",
    }


@pytest.mark.parametrize("created_at", [CREATED, ""])
async def test_jobs_are_known_that_share_their_creation_time_with_thousands(account, created_at):
    await account.learns(*(a_job(f"job-{n}", created_at=created_at) for n in range(3000)))
    asked = [(created_at, f"job-{n}") for n in (0, 1500, 2999, 3000)]
    assert set(await account.known(*asked)) == {"job-0", "job-1500", "job-2999"}


async def test_a_job_whose_creation_time_changed_is_moved_not_doubled(store, account):
    await account.sees("a", created_at=CREATED)
    await account.sees("a", "COMPLETED", created_at=LATER)
    (row,) = await store.rows("jobs")
    assert (row["created_at"], row["status"], row["changes"]) == (CREATED, "COMPLETED", 2)


async def test_another_source_knows_nothing_of_it(store, account):
    await account.learns(a_job("a"))
    other = await store.open_source(name="other", kind="parse", identity="{}", now=NOW)
    account.id = other.id
    assert await account.known((CREATED, "a")) == {}


async def test_those_to_be_asked_for_are_open_or_ended_a_short_while_ago(store, account):
    await account.sees("open")
    await account.sees("unknown-word", "PAUSED")
    await account.sees("ended", "FAILED")
    now = "2026-09-21T14:13:20.000Z"  # when all of them changed
    for since, ended in ((now, {"ended"}), (now.replace("20.000", "20.001"), set())):
        jobs = await store.jobs_to_ask(source=account.id, ended_since=since, now=NOW)
        assert {job_id for job_id, *_ in jobs} == {"open", "unknown-word"} | ended


async def test_a_younger_answer_of_the_same_status_moves_time_and_sequence_on(store, account):
    await account.learns(a_job("a"))
    younger = a_job("a", created_at=LATER)
    await account.ingest(lambda known: Changes(fresher=[(Known(*known["a"]), younger)]), (CREATED, "a"))
    found = {}
    await account.ingest(lambda known: found.update(known) or Changes(), (CREATED, "a"))
    assert found["a"] == ("a", CREATED, "RUNNING", LATER, 2, 0, CREATED, 0, None)


async def test_rows_come_newest_first_fit_all_filters_and_go_on_after_one(store, account):
    for n in range(3):
        await account.sees(f"job-{n}")
    await account.sees("job-0", "FAILED")
    events = await store.rows("events")
    assert [row["job_id"] for row in events] == ["job-0", "job-2", "job-1", "job-0"]
    assert [row["job_id"] for row in await store.rows("events", after=events[1]["seq"])] == ["job-0"]
    assert len(await store.rows("events", limit=2)) == 2
    assert len(await store.rows("events", job_id="job-0", type="parse.failed", source=None)) == 1
