"""What a relay says that comes to an account for the first time."""

from functools import partial

import pytest
from tales import meanwhile, unreachable

from relay.model import canonical_time, utc_text
from relay.simulator import Scenario

HOUR = 3600.0


def ago(it, seconds):
    return it.world_clock.now() - seconds


async def test_history_is_learned_in_silence_and_what_comes_after_is_told(story):
    it = await story()
    it.simulator.create("parse", id="done", status="COMPLETED")
    it.simulator.create("parse", id="open", status="RUNNING")
    await it.look(after=60)
    assert await it.told() == []
    it.simulator.move("open", "FAILED", "PDF_IS_BROKEN")
    it.simulator.create("parse", id="new")
    await it.look(after=15)
    assert await it.told() == [("new", "PENDING", None), ("open", "FAILED", "RUNNING")]


async def test_a_first_look_does_not_walk_history(story):
    it = await story(page_size=10)
    for n in range(500):
        it.simulator.create("parse", id=f"old-{n}", status="COMPLETED", created_at=ago(it, 2 * HOUR + n))
    looked = await it.look()
    assert (looked.items, looked.requests) == (0, 4)


async def test_a_job_first_seen_ended_has_no_previous_status(story):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="cached", status="COMPLETED")
    await it.look(after=15)
    assert await it.told() == [("cached", "COMPLETED", None)]


async def test_an_open_job_older_than_the_window_is_followed(story):
    it = await story()
    it.simulator.create("parse", id="slow", status="RUNNING", created_at=ago(it, 50 * HOUR))
    it.simulator.create("parse", id="young", status="COMPLETED")
    await it.look()
    it.simulator.move("slow", "COMPLETED")
    await it.look(after=15)
    assert await it.told() == [("slow", "COMPLETED", "RUNNING")]


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
async def test_what_is_new_follows_the_clock_of_the_api_not_ours(story, wrong):
    it = await story()
    it.clock.jump(wrong)
    it.simulator.create("parse", id="old", status="COMPLETED", created_at=ago(it, HOUR / 2))
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="new")
    await it.look(after=15)
    assert await it.told() == [("new", "PENDING", None)]


async def test_without_a_date_from_the_api_our_clock_says_what_is_new(story):
    it = await story(Scenario(date=False))
    it.simulator.create("parse", id="old", status="COMPLETED", created_at=ago(it, 60))
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="new")
    await it.look(after=15)
    assert await it.told() == [("new", "PENDING", None)]


async def test_a_job_of_the_minutes_before_that_shows_itself_late_is_news(story):
    it = await story()
    await it.look()
    it.simulator.create("parse", id="late", created_at=ago(it, 240))
    it.simulator.create("parse", id="too-late", created_at=ago(it, 330))
    await it.look(after=15)
    assert await it.told() == [("late", "PENDING", None)]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_job_without_a_date_is_news_after_the_first_look(story, when):
    it = await story()
    if when == "after":
        await it.look()
    it.simulator.create("parse", id="dateless", item={"created_at": None})
    await it.look(after=15)
    assert await it.told() == ([("dateless", "PENDING", None)] if when == "after" else [])


async def test_a_first_look_reaches_back_to_since(story):
    it = await story(since=canonical_time(utc_text(1_790_000_000.0 - 5 * HOUR)))
    it.simulator.create("parse", id="before", status="FAILED", created_at=ago(it, 6 * HOUR))
    it.simulator.create("parse", id="after", status="FAILED", created_at=ago(it, 4 * HOUR))
    await it.look()
    assert await it.told() == [("after", "FAILED", None)]
    await it.look(after=15)
    assert len(await it.told()) == 1


async def test_a_job_that_moves_back_while_the_first_look_goes_on_is_not_missed(story):
    it = await story()
    it.simulator.create("parse", id="old", status="RUNNING", created_at=ago(it, 9 * HOUR))
    moves = partial(it.simulator.move, "old", "PENDING")
    it.api.answer = meanwhile(it.simulator.answer, moves, after=1)  # waiting was asked for, running is next
    await it.look()
    it.simulator.move("old", "COMPLETED")
    await it.look(after=15)
    assert await it.told() == [("old", "COMPLETED", "PENDING")]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("answers", range(1, 9))
async def test_a_restart_in_the_middle_of_the_first_look_makes_no_false_news(story, kind, answers):
    it = await story(kinds=(kind,), page_size=2)
    for n in range(6):
        status = ("PENDING", "RUNNING", "COMPLETED")[n % 3]
        it.simulator.create(kind, id=f"old-{n}", status=status, created_at=ago(it, 60 * n))
    it.api.answer = unreachable(it.simulator.answer, after=answers)
    await it.look()
    it.api.answer = it.simulator.answer
    await it.start()
    await it.clock.sleep(5)
    it.simulator.create(kind, id="new")
    await it.look(after=15)
    assert await it.told() == [("new", "PENDING", None)]


async def test_a_source_of_another_query_learns_anew_in_silence(story):
    it = await story(kinds=("classify",))
    await it.look()
    it.simulator.create("classify", status="COMPLETED")
    await it.look(after=15)
    it.specs = [type(it.specs[0])(**vars(it.specs[0]) | {"query": {"configuration_id": "cfg-1"}})]
    await it.start()
    await it.look(after=15)
    assert len(await it.told()) == 1


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("date", [True, False])
async def test_an_old_open_job_makes_no_news_of_the_history_after_it(story, kind, date):
    it = await story(Scenario(date=date), kinds=(kind,), page_size=10)
    it.simulator.create(kind, id="open", status="RUNNING", created_at=ago(it, 720 * HOUR))
    for n in range(300):
        created_at = ago(it, 5 * HOUR + 8000 * n)
        it.simulator.create(kind, id=f"old-{n}", status="COMPLETED", created_at=created_at)
    await it.look()
    assert max([(await it.look(after=15)).requests for _ in range(5)]) <= 6
    assert await it.told() == []
    it.simulator.create(kind, id="new", status="FAILED")
    await it.look(after=15)
    assert await it.told() == [("new", "FAILED", None)]


async def test_a_date_has_whole_seconds_and_what_came_within_them_before_is_no_news(story):
    """The first answer says 14:13:20, and was given at 14:13:20.7; the job was there by then."""
    it = await story()
    await it.clock.sleep(0.5)
    it.simulator.create("parse", id="before", status="FAILED")
    await it.look(after=0.2)
    assert await it.told() == []
    await it.clock.sleep(2)
    it.simulator.create("parse", id="after", status="FAILED")
    await it.look(after=15)
    assert await it.told() == [("after", "FAILED", None)]
