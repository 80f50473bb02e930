"""An end that was none: found by the plan for five minutes, by a second look for a day."""

from itertools import pairwise

import pytest
from tales import looks

from relay.sources import KINDS

HOUR, DAY = 3600.0, 86400.0
PATHS = {name: kind.path for name, kind in KINDS.items()}
SOME = ["parse", "batch", "batch_v1"]


async def an_ended_job(story, kind, *, age=2 * HOUR, **spec):
    """One older than the window, that was seen to fail."""
    it = await story(kinds=(kind,), **spec)
    it.simulator.create(kind, id="old", created_at=it.world_clock.now() - age)
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    it.simulator.move("old", "FAILED")
    await looks(it, 2)
    assert await it.told() == [("old", "FAILED", "PENDING")]
    return it


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("later", [30, 150, 240])
async def test_an_end_that_turns_within_five_minutes_is_told_with_the_next_look(story, kind, later):
    it = await an_ended_job(story, kind)
    await looks(it, later // 15)
    it.simulator.move("old", "COMPLETED")
    await it.look(after=15)
    assert (await it.told())[1:] == [("old", "COMPLETED", "FAILED")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("age", [2 * HOUR, 20 * DAY])
@pytest.mark.parametrize("restarts", [1, 4])
async def test_an_end_that_turns_within_a_day_is_told_within_the_hour(story, kind, age, restarts):
    it = await an_ended_job(story, kind, age=age, every=30.0)
    await it.live(3 * HOUR)
    assert len(await it.told()) == 1
    it.simulator.move("old", "RUNNING")
    it.simulator.move("old", "COMPLETED")
    for _ in range(restarts):
        await it.live((HOUR + 180) / restarts)
    assert (await it.told())[1:] == [("old", "COMPLETED", "FAILED")]


@pytest.mark.parametrize("kind", SOME)
async def test_an_open_job_that_no_look_has_shown_is_found_within_the_hour(story, kind):
    """It shows itself so late that no window reaches back to it."""
    it = await an_ended_job(story, kind)
    await it.live(HOUR / 2)
    it.simulator.create(kind, id="late", status="RUNNING", created_at=it.world_clock.now() - 1500)
    await it.live(HOUR + 180)
    assert ("late", "RUNNING", None) in await it.told()


async def test_second_looks_take_a_fifth_of_the_budget_and_delay_no_look(story):
    it = await story(kinds=("batch",), requests_per_minute=20)
    for n in range(400):  # each is asked for by itself: of 3 days ago, and of an instant of its own
        created_at = it.world_clock.now() - 3 * DAY - 60 * n
        it.simulator.create("batch", id=f"old-{n}", status="RUNNING", created_at=created_at)
    await it.look()
    for n in range(400):
        it.simulator.move(f"old-{n}", "COMPLETED")
    await it.live(HOUR)
    it.api.asked.clear()
    await it.live(2 * HOUR)
    looked = [at for at, request in it.api.asked if request.path == PATHS["batch"]]
    asked = [at for at, request in it.api.asked if request.path != PATHS["batch"]]
    assert max(later - at for at, later in pairwise(looked)) < 60
    for minute in range(0, 120, 10):
        began = looked[0] + 60 * minute
        assert sum(began <= at < began + 600 for at in asked) <= 4 * 10 + 5


async def test_many_that_end_together_are_learned_bit_by_bit_and_keep_no_look_waiting(story):
    it = await story(kinds=("batch",), requests_per_minute=20)
    for n in range(400):
        created_at = it.world_clock.now() - 3 * DAY - 60 * n
        it.simulator.create("batch", id=f"old-{n}", status="RUNNING", created_at=created_at)
    await it.look()
    for n in range(400):
        it.simulator.move(f"old-{n}", "COMPLETED")
    await it.live(HOUR)
    looked = [at for at, request in it.api.asked if request.path == PATHS["batch"]]
    assert max(later - at for at, later in pairwise(looked)) < 60
    assert len(await it.told()) == 400


async def test_a_burst_that_ends_together_is_asked_for_by_windows(story):
    it = await story(kinds=("batch",))
    await it.look()
    for n in range(400):
        it.simulator.create(
            "batch", id=f"job-{n}", status="RUNNING", created_at=it.world_clock.now() + n / 10
        )
    await looks(it, 60)
    for n in range(400):
        it.simulator.move(f"job-{n}", "COMPLETED")
    it.api.asked.clear()
    await it.look(after=15)
    assert len([1 for _, status, _ in await it.told() if status == "COMPLETED"]) == 400
    assert len(it.api.asked) < 20
