"""Clocks that are wrong: ours, theirs, or none at all."""

import pytest
from tales import dating, looks, unreachable

from relay.simulator import Scenario

HOUR, DAY = 3600.0, 86400.0
DATES = {
    "right": (True, None),
    "missing": (False, None),
    "1970": (False, "Thu, 01 Jan 1970 00:00:00 GMT"),
    "2100": (False, "Fri, 01 Jan 2100 00:00:00 GMT"),
    "nonsense": (False, "yesterday"),
}


async def an_account(story, date, wrong=0.0, **spec):
    shown, said = DATES[date]
    it = await story(Scenario(date=shown), **spec)
    if said:
        it.api.answer = dating(it.simulator.answer, said)
    it.clock.jump(wrong)
    return it


@pytest.mark.parametrize("kind", ["parse", "batch_v1"])
@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("wrong", [-HOUR, 0.0, HOUR])
@pytest.mark.parametrize("history", [True, False])
async def test_whatever_the_clocks_say_what_is_new_is_told_and_history_is_not(
    story, kind, date, wrong, history
):
    it = await an_account(story, date, wrong, kinds=(kind,))
    if history:
        for n in range(5):
            created_at = it.world_clock.now() - 1200 * n - 60
            it.simulator.create(kind, id=f"old-{n}", status="COMPLETED", created_at=created_at)
    await it.look()
    for n in range(4):
        await it.clock.sleep(5)
        it.simulator.create(kind, id=f"new-{n}", status="FAILED")
        await it.look(after=15)
    assert await it.told() == [(f"new-{n}", "FAILED", None) for n in range(4)]


@pytest.mark.parametrize("date", ["right", "missing"])
@pytest.mark.parametrize("wrong", [3 * DAY, -3 * DAY])
async def test_a_clock_that_was_days_wrong_in_a_look_that_failed_hides_nothing(story, date, wrong):
    it = await an_account(story, date)
    it.simulator.create("parse", id="old", status="COMPLETED")
    await it.look()
    answer = it.api.answer
    it.clock.jump(wrong)
    it.api.answer = unreachable(answer, after=2)
    await it.look(after=15)
    it.clock.jump(-wrong)
    it.api.answer = answer
    it.simulator.create("parse", id="new", status="FAILED")
    await looks(it, 3)
    assert await it.told() == [("new", "FAILED", None)]


@pytest.mark.parametrize("date", ["right", "missing"])
async def test_a_job_created_in_the_future_hides_no_other(story, date):
    it = await an_account(story, date)
    it.simulator.create("parse", id="old", status="COMPLETED")
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="future", status="RUNNING", created_at=it.world_clock.now() + 5 * HOUR)
    await it.look(after=15)
    it.simulator.create("parse", id="new", status="FAILED")
    await looks(it, 3)
    assert await it.told() == [("future", "RUNNING", None), ("new", "FAILED", None)]


async def test_a_date_that_comes_and_goes_changes_nothing(story):
    it = await an_account(story, "right")
    it.simulator.create("parse", id="old", status="COMPLETED")
    await it.look()
    right = it.api.answer
    await it.clock.sleep(5)
    for n in range(6):
        absurd = dating(it.simulator.answer, "Thu, 01 Jan 1970 00:00:00 GMT")
        it.api.answer = absurd if n % 2 else right
        it.simulator.create("parse", id=f"new-{n}", status="FAILED")
        await it.look(after=15)
    assert await it.told() == [(f"new-{n}", "FAILED", None) for n in range(6)]
