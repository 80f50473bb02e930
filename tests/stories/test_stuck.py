"""A job that does not move: told once a spell, by the API's time, from a sighting that is fresh."""

import pytest
from tales import hiding, looks, types, unreachable

from relay.simulator import Scenario

HALF, HOUR, DAY = 1800.0, 3600.0, 86400.0
STUCK = ("a", "parse.stuck")


async def an_account(story, status="RUNNING", *, kind="parse", scenario=None):
    it = await story(scenario, kinds=(kind,), stuck_after=HALF)
    it.simulator.create(kind, id="a", status=status, created_at=it.world_clock.now() - DAY)
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    return it


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "ODD_WORD"])
async def test_an_open_job_that_does_not_move_is_told_once_however_long_it_stays(story, kind, status):
    it = await an_account(story, kind=kind)
    it.simulator.move("a", status)
    await looks(it, 12)
    changes = len(await it.events())
    await looks(it, 100)  # 25 minutes
    assert len(await it.events()) == changes
    await looks(it, 40)
    await it.start()
    await looks(it, 300, after=300)
    stuck = [event for event in await it.events() if event["type"].endswith(".stuck")]
    assert [(e["job_id"], e["status"], e["previous"], e["severity"]) for e in stuck] == [
        ("a", status, None, "warning")
    ]


async def test_each_spell_is_told_by_itself(story):
    it = await an_account(story, "PENDING")
    for status in ("RUNNING", "PENDING", "RUNNING"):
        await looks(it, 150)
        it.simulator.move("a", status)
    await looks(it, 150)
    assert (await types(it)).count(STUCK) == 4


async def test_moving_in_time_is_not_being_stuck(story):
    it = await an_account(story, "PENDING")
    for n in range(6):
        await looks(it, 90)
        it.simulator.move("a", ("RUNNING", "PENDING")[n % 2])
    assert STUCK not in await types(it)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 30 * DAY])
async def test_only_the_time_of_the_api_counts(story, jump):
    it = await an_account(story)
    it.clock.jump(jump)
    await looks(it, 100)
    assert STUCK not in await types(it)
    if abs(jump) < DAY:
        await looks(it, 40)
        assert (await types(it)).count(STUCK) == 1


async def test_without_the_api_s_time_ours_counts(story):
    it = await an_account(story, scenario=Scenario(date=False))
    await looks(it, 100)
    assert STUCK not in await types(it)
    await looks(it, 40)
    assert (await types(it)).count(STUCK) == 1


@pytest.mark.parametrize("ours", [HOUR, -HOUR])
async def test_a_first_answer_without_a_date_makes_no_job_stuck(story, ours):
    """After a restart no one knows yet how wrong our clock is."""
    it = await story(stuck_after=HALF)
    it.clock.jump(ours)
    it.simulator.create("parse", id="known", status="RUNNING")
    await looks(it, 4)
    await it.start()
    it.simulator.create("parse", id="new", status="RUNNING")
    it.simulator.fail_next(1, "no_date")
    await looks(it, 10)
    assert await types(it) == [("new", "parse.running")]


@pytest.mark.parametrize(("moves", "told"), [(False, 1), (True, 0)])
async def test_what_an_outage_hides_is_not_concluded_from(story, moves, told):
    it = await an_account(story)
    await looks(it, 20)
    it.api.answer = unreachable(it.simulator.answer)
    await looks(it, 40, after=120)
    assert STUCK not in await types(it)
    if moves:
        it.simulator.move("a", "COMPLETED")
    it.api.answer = it.simulator.answer
    await looks(it, 20)
    assert (await types(it)).count(STUCK) == told


async def test_a_job_that_is_not_there_is_not_stuck(story):
    it = await an_account(story)
    it.api.answer = hiding(it.simulator.answer, "a")
    await looks(it, 200)
    assert await types(it) == [("a", "parse.vanished")]


async def test_an_ended_job_is_never_stuck(story):
    it = await an_account(story, "COMPLETED")
    await it.live(5 * HOUR)
    assert await types(it) == []
