"""What a look asks for follows what is open and new, never how much there has been."""

from itertools import pairwise
from math import ceil

import pytest
from tales import looks, types
from virtual import START

from relay.model import Secret, canonical_time, seconds_of, utc_text
from relay.plan import CHUNK, OVERLAP
from relay.sources import KINDS
from relay.store.named import SQL

MINUTE, HOUR = 60.0, 3600.0
PAGE = 10


async def an_account(story, *, past, working):
    """So many known jobs that ended in the past, one each ten minutes; and so many at work, of three hours
    ago, which moved a moment ago, so that each look asks for them.
    """
    since = canonical_time(utc_text(START - past * 10 * MINUTE - HOUR))
    it = await story(page_size=PAGE, since=since)
    now = it.world_clock.now()
    for n in range(past):
        it.simulator.create(
            "parse", id=f"past-{n}", status="COMPLETED", created_at=now - 10 * MINUTE * n - HOUR
        )
    for n in range(working):
        it.simulator.create("parse", id=f"job-{n}", created_at=now - 3 * HOUR - MINUTE * n)
    it.simulator.create("parse", id="youngest", status="COMPLETED")
    assert await looks(it, 24) == []  # until what ended is left alone
    for n in range(working):
        it.simulator.move(f"job-{n}", "RUNNING")
    assert await looks(it, 2) == []
    return it


@pytest.mark.parametrize("past", [10, 200])
@pytest.mark.parametrize("working", [0, 50, 51, 130])
async def test_a_look_asks_a_page_per_page_of_new_jobs_and_a_question_per_fifty_stragglers(
    story, past, working
):
    it = await an_account(story, past=past, working=working)
    created = [START]
    for new in (0, 1, 8, 9, 25):
        await it.clock.sleep(15)
        (before,) = await it.store.rows("sources")
        for _ in range(new):
            it.simulator.create("parse", status="COMPLETED")
            created.append(it.world_clock.now())
        shown = sum(at >= seconds_of(before["mark"]) - OVERLAP for at in created)
        looked = await it.look()
        assert looked.requests == max(1, ceil(shown / PAGE)) + ceil(working / CHUNK)
        assert looked.changes == new


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_the_open_jobs_of_the_last_hour_are_not_asked_one_by_one(story, kind):
    it = await story(kinds=(kind,))
    now = it.world_clock.now()
    for n in range(500):
        it.simulator.create(kind, id=f"job-{n}", status="RUNNING", created_at=now - 7 * n)
    requests = [(await it.look(after=15)).requests for _ in range(6)]
    assert max(requests[1:]) <= 11
    it.simulator.move("job-499", "FAILED")
    await looks(it, 6)
    assert await it.told() == [("job-499", "FAILED", "RUNNING")]


def looks_at(it, path):
    """When this list was read, but for questions."""
    asked = ((at, request) for at, request in it.api.asked if request.path == path)
    return [at for at, request in asked if "job_ids" not in dict(request.query)]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_thousands_in_a_word_nobody_knows_leave_looks_their_pace_and_others_the_budget(story, kind):
    """Of a key that allows 20 requests a minute; each has been seen in that word for two days."""
    it = await story(kinds=(kind, "classify"), requests_per_minute=20, api_key=Secret("llx-one"))
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    before = canonical_time(utc_text(START - 48 * HOUR))
    rows = []
    for n in range(800):
        job = it.simulator.create(kind, id=f"job-{n}", status="EXPIRED", created_at=START - 50 * HOUR - 7 * n)
        known = (
            job.created_at,
            job.id,
            job.status,
            before,
            0,
            0,
            before[:-4] + "Z",
            before,
            None,
            None,
            None,
        )
        rows.append((1, *known))
    await it.store.writer.run(lambda db: db.executemany(SQL["add_job"], rows))
    it.api.asked.clear()
    await it.live(5 * MINUTE)
    for name in (kind, "classify"):
        looked = looks_at(it, KINDS[name].path)
        assert len(looked) > 12
        assert max(later - at for at, later in pairwise(looked)) < 60


@pytest.mark.parametrize("kind", ["batch", "batch_v1"])
async def test_hundreds_in_a_word_nobody_knows_put_no_job_that_works_off(story, kind):
    it = await story(kinds=(kind,), requests_per_minute=20)
    for n in range(400):
        it.simulator.create(kind, id=f"odd-{n}", status="RUNNING", created_at=START - 50 * HOUR - 7 * n)
    it.simulator.create(kind, id="young", status="RUNNING", created_at=START - 2 * HOUR)
    await it.look()
    for n in range(400):
        it.simulator.move(f"odd-{n}", "EXPIRED")
    await looks(it, 400)
    it.simulator.move("young", "FAILED")
    await looks(it, 30)
    assert ("young", "batch.failed") in await types(it)


async def test_what_no_look_had_room_for_is_asked_in_turn(story):
    """More jobs wait than may be asked in a look, each by itself: the youngest too."""
    it = await story(kinds=("batch",), requests_per_minute=20)
    for n in range(60):
        it.simulator.create("batch", id=f"job-{n}", status="RUNNING", created_at=START - 50 * HOUR + 7 * n)
    await it.look()
    for n in range(60):
        it.simulator.move(f"job-{n}", "EXPIRED")
    await looks(it, 60)
    it.simulator.move("job-59", "FAILED")
    await looks(it, 20)
    assert ("job-59", "batch.failed") in await types(it)
