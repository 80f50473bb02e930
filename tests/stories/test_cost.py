"""What a look asks for follows what is open and new, never how much there has been."""

from math import ceil

import pytest
from tales import looks
from virtual import START

from relay.model import canonical_time, seconds_of, utc_text
from relay.plan import CHUNK, OVERLAP

MINUTE, HOUR = 60.0, 3600.0
PAGE = 10


async def an_account(story, kind, *, past, working):
    """So many known jobs that ended in the past, one each ten minutes; and so many at work, of three hours
    ago, which moved a moment ago, so that each look asks for them.
    """
    since = canonical_time(utc_text(START - past * 10 * MINUTE - HOUR))
    it = await story(kinds=(kind,), page_size=PAGE, since=since)
    now = it.world_clock.now()
    for n in range(past):
        it.simulator.create(kind, id=f"past-{n}", status="COMPLETED", created_at=now - 10 * MINUTE * n - HOUR)
    for n in range(working):
        it.simulator.create(kind, id=f"job-{n}", created_at=now - 3 * HOUR - MINUTE * n)
    it.simulator.create(kind, id="youngest", status="COMPLETED")
    assert await looks(it, 24) == []  # until what ended is left alone
    for n in range(working):
        it.simulator.move(f"job-{n}", "RUNNING")
    assert await looks(it, 2) == []
    return it


@pytest.mark.parametrize("kind", ["parse", "split"])
@pytest.mark.parametrize("past", [10, 400])
@pytest.mark.parametrize("working", [0, 1, 50, 51, 130])
async def test_a_look_asks_a_page_per_page_of_new_jobs_and_a_question_per_fifty_stragglers(
    story, kind, past, working
):
    it = await an_account(story, kind, past=past, working=working)
    created = [START]
    for new in (0, 1, 8, 9, 25):
        await it.clock.sleep(15)
        (before,) = await it.store.rows("sources")
        for _ in range(new):
            it.simulator.create(kind, status="COMPLETED")
            created.append(it.world_clock.now())
        shown = sum(at >= seconds_of(before["mark"]) - OVERLAP for at in created)
        looked = await it.look()
        assert looked.requests == max(1, ceil(shown / PAGE)) + ceil(working / CHUNK)
        assert looked.changes == new
