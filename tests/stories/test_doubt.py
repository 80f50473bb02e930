"""Sightings that do not count: jobs are then asked for by id, and the answer is believed."""

from functools import partial

import pytest
from tales import lagging, meanwhile

from relay.ingest import Look

PATH = "/api/v2/parse"


def asked_by_id(it, path=PATH):
    return [
        request.path.rpartition("/")[2] for _, request in it.api.asked if request.path.startswith(path + "/")
    ]


@pytest.mark.parametrize("later", ["RUNNING", "COMPLETED"])
async def test_a_job_that_a_look_shows_with_two_statuses_is_asked_by_id(story, later):
    it = await story()
    it.simulator.create("parse", id="a")
    # The lists of open jobs show it as PENDING, the window as RUNNING, and then it is asked for.
    it.api.answer = meanwhile(it.simulator.answer, partial(it.simulator.move, "a", "RUNNING"), after=3)
    it.api.answer = meanwhile(it.api.answer, partial(it.simulator.move, "a", later), after=4)
    await it.look()
    assert asked_by_id(it) == ["a"]
    assert await it.told() == [("a", later, "PENDING")]


async def test_a_job_in_doubt_stays_so_until_it_was_asked_for(story):
    it = await story()
    it.simulator.create("parse", id="a")
    it.api.answer = meanwhile(it.simulator.answer, partial(it.simulator.move, "a", "RUNNING"), after=1)
    it.api.answer = meanwhile(it.api.answer, partial(it.simulator.move, "a", "COMPLETED"), after=4)
    await it.look()
    assert asked_by_id(it) == ["a"]
    assert await it.told() == [("a", "COMPLETED", "PENDING")]


LATE = {"status": "RUNNING", "updated_at": None}


@pytest.mark.parametrize("shown", [LATE, LATE | {"updated_at": "2026-09-21T14:13:20Z"}])
async def test_an_ended_job_that_a_lagging_list_shows_open_makes_no_event(story, shown):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="a", status="FAILED")
    await it.look(after=15)
    it.api.answer = lagging(it.simulator.answer, a=shown)
    for _ in range(3):
        await it.look(after=15)
    assert set(asked_by_id(it)) == {"a"}
    assert await it.told() == [("a", "FAILED", None)]


async def test_where_nothing_says_when_a_job_was_updated_a_list_that_lags_now_and_then_makes_no_event(story):
    it = await story()
    await it.look()
    it.simulator.create("parse", id="a", status="FAILED", item={"updated_at": None})
    await it.look(after=15)
    it.simulator.move("a", "COMPLETED")
    right = it.simulator.answer
    for answer in (right, lagging(right, a={"status": "FAILED", "updated_at": None})) * 3:
        it.api.answer = answer
        await it.look(after=15)
    assert await it.told() == [("a", "FAILED", None), ("a", "COMPLETED", "FAILED")]


async def test_an_ended_job_that_turned_again_is_told(story):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="a", status="FAILED")
    await it.look(after=15)
    it.simulator.move("a", "RUNNING")
    await it.look(after=15)
    it.simulator.move("a", "COMPLETED")
    await it.look(after=15)
    assert [status for _, status, _ in await it.told()] == ["FAILED", "RUNNING", "COMPLETED"]


async def test_a_job_older_than_the_window_may_turn_again_for_five_minutes(story):
    it = await story()
    it.simulator.create("parse", id="old", status="RUNNING", created_at=it.world_clock.now() - 3600)
    it.simulator.create("parse", id="young", status="COMPLETED")
    await it.look()
    it.simulator.move("old", "FAILED")
    await it.look(after=15)
    it.simulator.move("old", "COMPLETED")
    await it.look(after=280)
    assert await it.told() == [("old", "FAILED", "RUNNING"), ("old", "COMPLETED", "FAILED")]


async def test_an_answer_that_a_younger_one_overtook_does_not_count(story):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="a", status="RUNNING")
    (poller,) = it.relay.pollers
    client, ingest = poller.looking.asking._client, poller.looking.ingest
    slow = await client.list(poller.spec, {})
    slow.began = ingest.seq
    it.simulator.move("a", "COMPLETED")
    await it.look()
    look = Look()
    await ingest.page(slow, look)
    assert list(look.doubts) == ["a"]
    assert await it.told() == [("a", "COMPLETED", None)]


async def test_a_status_word_no_one_knows_is_an_event_and_the_job_is_followed(story):
    it = await story()
    it.simulator.create("parse", id="a")
    await it.look()
    it.simulator.move("a", "Partial_Success")
    await it.look(after=600)
    it.simulator.move("a", "COMPLETED")
    await it.look(after=600)
    assert [event["type"] for event in await it.events()] == ["parse.partial_success", "parse.completed"]
    assert await it.told() == [("a", "PARTIAL_SUCCESS", "PENDING"), ("a", "COMPLETED", "PARTIAL_SUCCESS")]


async def test_statuses_are_upper_case_inside_however_a_kind_spells_them(story):
    it = await story(kinds=("split", "batch_v1"))
    for kind in ("split", "batch_v1"):
        it.simulator.create(kind, id=kind)
    await it.look()
    for kind in ("split", "batch_v1"):
        it.simulator.move(kind, "CANCELLED")
    await it.look(after=15)
    assert await it.told() == [(kind, "CANCELLED", "PENDING") for kind in ("split", "batch_v1")]


async def test_an_item_that_cant_be_decoded_is_named_and_fails_nothing(story, caplog):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="bad", item={"status": 7})
    it.simulator.create("parse", id="good")
    looked = await it.look(after=15)
    assert (looked.trouble, await it.told()) == (None, [("good", "PENDING", None)])
    assert "skipped an item: bad: its status is missing or no text" in caplog.text


async def test_a_job_of_a_page_that_shows_it_twice_makes_one_event(story):
    it = await story()
    await it.look()
    await it.clock.sleep(5)
    for _ in range(2):
        it.simulator.create("parse", item={"id": "twin"})
    await it.look(after=15)
    assert await it.told() == [("twin", "PENDING", None)]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_many_in_doubt_keep_no_look_waiting_and_each_has_its_turn(story, kind):
    """The lists lag for good, and what they hide is a change of jobs that had ended."""
    it = await story(kinds=(kind,), requests_per_minute=20)
    await it.look()
    await it.clock.sleep(5)
    ids = [f"job-{n}" for n in range(40)]
    for job_id in ids:
        it.simulator.create(kind, id=job_id, status="FAILED")
    await it.look(after=15)
    for job_id in ids:
        it.simulator.move(job_id, "COMPLETED")
    shown = {"status": "RUNNING", "updated_at": None}
    it.api.answer = lagging(it.simulator.answer, **dict.fromkeys(ids, shown))
    assert max([(await it.look(after=15)).seconds for _ in range(12)]) < 60
    assert sorted((await it.told())[40:]) == sorted((job_id, "COMPLETED", "FAILED") for job_id in ids)


WORDS = {"classify": "CANCELLED", "extract": "THROTTLED", "split": "processing", "parse": "SUCCESS"}


@pytest.mark.parametrize(("kind", "word"), WORDS.items())
async def test_an_enum_that_grows_makes_an_event_and_no_crash(story, kind, word):
    """CANCELLED is an end; the others are open, since nothing says otherwise."""
    it = await story(kinds=(kind,))
    it.simulator.create(kind, id="a")
    await it.look()
    for status in (word, "FAILED"):
        it.simulator.move("a", status.upper())
        await it.look(after=15)
    assert await it.told() == [("a", word.upper(), "PENDING"), ("a", "FAILED", word.upper())]
