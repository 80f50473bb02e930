"""What happened while relay was away is told once, in slices, and what comes late is waited for."""

import pytest
from tales import hiding, looks, types, unreachable, windows

from relay.model import seconds_of

HOUR, DAY = 3600.0, 86400.0


async def an_outage(story, *, days=3.0, count=600, **spec):
    """A relay that was away, while jobs came and failed."""
    it = await story(**spec)
    it.simulator.create("parse", id="before", status="COMPLETED")
    await it.look()
    await it.clock.sleep(days * DAY)
    now = it.world_clock.now()
    for n in range(count):
        created_at = now - days * DAY * (n + 0.5) / count
        it.simulator.create("parse", id=f"job-{n}", status="FAILED", created_at=created_at)
    it.api.asked.clear()
    return it


async def has_told_of(it, count):
    assert sorted(await it.told()) == sorted((f"job-{n}", "FAILED", None) for n in range(count))


async def mark(it):
    (row,) = await it.store.rows("sources")
    return row["mark"]


async def test_three_days_are_caught_up_with_in_slices_within_the_budget(story):
    it = await an_outage(story, requests_per_minute=20, page_size=20)
    began = it.clock.now()
    assert (await it.look()).trouble is None
    await has_told_of(it, 600)
    assert all(event["after_outage"] for event in await it.events())
    times = [at for at, _ in it.api.asked]
    assert all(later - at >= 60 for at, later in zip(times, times[25:], strict=False))
    assert len(times) < 60
    assert it.clock.now() - began < 200
    lengths = [seconds_of(end) - seconds_of(start) for start, end in windows(it) if end]
    assert len(lengths) > 3
    assert max(lengths) < 2 * DAY


@pytest.mark.parametrize("answers", [3, 9, 20])
async def test_the_mark_moves_with_each_slice_and_the_next_look_goes_on_there(story, answers):
    it = await an_outage(story, page_size=20)
    before = await mark(it)
    it.api.answer = unreachable(it.simulator.answer, after=answers)
    assert (await it.look()).trouble
    moved = await mark(it)
    assert moved > before
    it.api.answer = it.simulator.answer
    await it.start()
    it.api.asked.clear()
    await it.look()
    assert seconds_of(windows(it)[0][0]) == seconds_of(moved) - 300
    await has_told_of(it, 600)


@pytest.mark.parametrize("commits", [2, 7, 19, 33])
async def test_killed_in_the_middle_of_catching_up_again_and_again_nothing_is_lost(story, commits):
    it = await an_outage(story, page_size=20)
    for _ in range(60):
        await it.live(40, commits=commits)
    await it.live(120)
    await has_told_of(it, 600)


async def test_an_open_job_of_before_the_outage_is_told_with_the_first_look_after_it(story):
    it = await story()
    it.simulator.create("parse", id="open", status="RUNNING")
    it.simulator.create("parse", id="lost", status="RUNNING")
    await it.look()
    await it.clock.sleep(3 * DAY)
    it.simulator.move("open", "FAILED")
    it.api.answer = hiding(it.simulator.answer, "lost")
    await it.look()
    assert await it.told() == [("open", "FAILED", "RUNNING")]
    assert ("lost", "parse.vanished") not in await types(it)


async def an_ended_job_and_an_outage(story, kind):
    it = await story(kinds=(kind,))
    it.simulator.create(kind, id="old", status="RUNNING", created_at=it.world_clock.now() - 5 * HOUR)
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    it.simulator.move("old", "FAILED")
    await looks(it, 4)
    await it.clock.sleep(3 * HOUR)
    assert await it.told() == [("old", "FAILED", "RUNNING")]
    return it


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("later", [0, 120, 270])
async def test_a_job_that_ended_before_an_outage_may_turn_for_five_minutes_after_it(story, kind, later):
    it = await an_ended_job_and_an_outage(story, kind)
    await looks(it, 1 + later // 15)
    it.simulator.move("old", "COMPLETED")
    await it.look(after=15)
    assert (await it.told())[1:] == [("old", "COMPLETED", "FAILED")]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_some_minutes_after_an_outage_looks_cost_what_they_cost_before(story, kind):
    it = await an_ended_job_and_an_outage(story, kind)
    await looks(it, 30)
    for n in range(5):
        it.simulator.create(kind, id=f"late-{n}", status="RUNNING", created_at=it.world_clock.now() - HOUR)
    assert (
        await it.look(after=15)
    ).requests <= 4  # batch_v1: three lists of what is open, and the newest page


async def test_a_clock_that_jumps_ahead_makes_no_catching_up_run_ahead(story):
    """Two hours by our clock are no outage: what is walked then moves no mark into the future."""
    it = await story()
    it.simulator.create("parse", id="old", status="COMPLETED")
    await it.look()
    it.clock.jump(2 * HOUR)
    it.api.answer = unreachable(it.simulator.answer, after=1)
    assert (await it.look(after=15)).trouble
    it.simulator.create("parse", id="new", status="FAILED")
    await it.look(after=400)
    it.api.answer = it.simulator.answer
    await it.look(after=15)
    assert await it.told() == [("new", "FAILED", None)]
