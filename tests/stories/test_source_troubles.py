"""What relay says of its own: a source that can't be read, once; a product that is not there, never."""

import pytest
from tales import looks, refusing, refusing_lists, types, unreachable

from relay.ingest import Look

DOWN, UP = ("parse", "source.down"), ("parse", "source.up")
HOUR = 3600.0


async def test_three_looks_that_fail_are_told_once_and_the_first_good_one_too(story):
    it = await story()
    await it.look()
    it.api.answer = unreachable(it.simulator.answer)
    said = []
    for _ in range(6):
        await it.look(after=15)
        said.append(await types(it))
    assert said == [[], [], *[[DOWN]] * 4]
    it.api.answer = it.simulator.answer
    await looks(it, 5)
    assert await types(it) == [DOWN, UP]
    down, up = await it.events()
    assert ("no route to host" in down["error"], down["severity"]) == (True, "error")
    assert (down["job_id"], down["status"], down["previous"], down["name"]) == (None, None, None, "parse")
    assert (up["severity"], up["error"]) == ("info", None)


async def test_one_good_look_between_starts_the_count_anew(story):
    it = await story()
    for _ in range(5):
        it.api.answer = unreachable(it.simulator.answer)
        await looks(it, 2)
        it.api.answer = it.simulator.answer
        await looks(it, 1)
    assert await types(it) == []


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_told_at_once(story, status):
    it = await story()
    it.api.answer = refusing(it.simulator.answer, status)
    await looks(it, 4)
    assert await types(it) == [DOWN]


@pytest.mark.parametrize(("asked", "told"), [(300, []), (301, [DOWN])])
async def test_an_api_that_asks_to_be_left_alone_for_long_is_told_of_at_once(story, asked, told):
    it = await story()
    await it.look()
    it.api.answer = refusing(it.simulator.answer, 429, **{"Retry-After": str(asked)})
    await looks(it, 1)
    assert await types(it) == told


async def test_restarts_neither_repeat_nor_forget_it(story):
    it = await story()
    await it.look()
    it.api.answer = unreachable(it.simulator.answer)
    for _ in range(6):
        await it.start()
        await it.look(after=15)
    assert await types(it) == [DOWN]
    it.api.answer = it.simulator.answer
    for _ in range(3):
        await it.start()
        await it.look(after=15)
    assert await types(it) == [DOWN, UP]


async def test_each_trouble_is_told_by_itself_and_arrives(story):
    it = await story()
    for _ in range(3):
        it.api.answer = unreachable(it.simulator.answer)
        await it.live(120)
        it.api.answer = it.simulator.answer
        await it.live(120)
    assert await types(it) == [DOWN, UP] * 3
    assert [message.events[0].type for message in it.inbox.messages] == ["source.down", "source.up"] * 3
    assert (await it.store.audit()).amiss == ()


async def test_first_looks_that_fail_are_told_too(story):
    it = await story()
    it.api.answer = unreachable(it.simulator.answer, after=2)
    await looks(it, 4)
    assert await types(it) == [DOWN]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_product_that_is_not_there_is_said_once_and_is_no_failure(story, status, caplog):
    it = await story(kinds=("split", "parse"))
    it.api.answer = refusing(it.simulator.answer, status, path="/api/v1/split")
    await it.live(HOUR)
    assert (await types(it), it.inbox.messages) == ([], [])
    assert caplog.text.count("the API has no such list") == 1
    it.simulator.create("split", id="old", status="COMPLETED", created_at=it.world_clock.now() - 60)
    it.api.answer = it.simulator.answer
    await it.live(600)
    it.simulator.create("split", id="new", status="COMPLETED")
    await it.live(60)
    assert await it.told() == [("new", "COMPLETED", None)]


async def test_a_list_that_is_not_there_for_a_while_hides_no_change(story):
    it = await story()
    it.simulator.create("parse", id="a", status="RUNNING")
    await it.look()
    it.api.answer = refusing(it.simulator.answer, 404, path="/api/v2/parse")
    await it.live(900)
    it.simulator.move("a", "COMPLETED")
    it.api.answer = it.simulator.answer
    await it.live(600)
    assert await types(it) == [("a", "parse.completed")]


async def test_a_status_that_the_api_refuses_is_listed_no_more_and_its_jobs_are_followed(story, caplog):
    it = await story(kinds=("extract",))
    it.api.answer = refusing_lists(it.simulator.answer, 422, status="THROTTLED")
    it.simulator.create("extract", id="a", status="THROTTLED")
    assert await looks(it, 3) == []
    await it.live(2 * HOUR)
    assert sum(("status", "THROTTLED") in request.query for _, request in it.api.asked) == 1
    assert caplog.text.count("THROTTLED") == 1
    it.simulator.move("a", "FAILED")
    await it.live(600)
    assert await types(it) == [("a", "extract.failed")]


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_window_that_is_refused_is_a_failed_look(story, status):
    it = await story()
    await it.look()
    it.api.answer = refusing(it.simulator.answer, status)
    assert len(await looks(it, 3)) == 3
    assert await types(it) == [DOWN]


async def test_a_look_that_takes_long_says_how_far_it_has_come_each_half_minute(story, caplog):
    caplog.set_level("INFO", "relay.poll")
    it = await story(requests_per_minute=10, page_size=10)
    await it.look()
    assert caplog.text.count("look ") == 1
    for n in range(300):
        it.simulator.create("parse", id=f"job-{n}", status="RUNNING")
    looked = await it.look(after=15)
    said = [record.msg.fields for record in caplog.records if str(record.msg).startswith("look goes on ")]
    assert len(said) == pytest.approx(looked.seconds / 30, abs=2)
    assert 0 < said[0]["items"] < said[-1]["items"] <= looked.items
    await it.clock.sleep(100)
    await it.relay.pollers[0].looking.asking.get("job-0", Look())  # as a hint makes relay ask between looks
    assert caplog.text.count("look goes on ") == len(said)
