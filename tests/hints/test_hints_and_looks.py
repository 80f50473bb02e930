"""Hints beside looks, in virtual time: two roads, one event."""

import asyncio

import pytest

from relay.model import Secret
from relay.simulator import Scenario
from relay.simulator.scenario import Stream


@pytest.fixture
async def hinted(story):
    async def begin(**spec):
        it = await story(signing_secret=Secret("s"), **spec)
        await it.look()
        return it

    return begin


def hints(it, number=0):
    return it.relay.pollers[number].hints


async def while_hints_run(it, act, number=0):
    running = asyncio.ensure_future(hints(it, number).run())
    try:
        return await act
    finally:
        running.cancel()


@pytest.mark.parametrize("moment", range(40))
@pytest.mark.parametrize("known", [True, False])
async def test_a_hint_at_any_moment_of_a_look_makes_one_event(hinted, moment, known):
    """Answers take 50 to 300 ms each, of the hint as of the look; a hint comes every 20 ms."""
    it = await hinted(seed=moment)
    await it.clock.sleep(2)
    job = it.simulator.create("parse", id="pjb-1", status="RUNNING")
    if known:
        await it.look()
    it.simulator.move(job, "COMPLETED")

    async def hint():
        await asyncio.sleep(moment * 0.02)
        hints(it).offer("pjb-1")
        await asyncio.sleep(1)

    await while_hints_run(it, asyncio.gather(it.look(), hint()))
    await it.look(after=15)
    seen = [("pjb-1", "RUNNING", None), ("pjb-1", "COMPLETED", "RUNNING")]
    assert await it.told() == (seen if known else [("pjb-1", "COMPLETED", None)])


@pytest.mark.parametrize("moment", range(20))
async def test_a_job_that_moves_while_hint_and_look_are_under_way_is_told_in_order(hinted, moment):
    it = await hinted(seed=moment)
    await it.clock.sleep(2)
    job = it.simulator.create("parse", id="pjb-1", status="PENDING")
    await it.look()

    async def moves():
        await asyncio.sleep(moment * 0.02)
        hints(it).offer("pjb-1")
        await asyncio.sleep(0.03)
        it.simulator.move(job, "RUNNING")
        await asyncio.sleep(0.1)
        it.simulator.move(job, "COMPLETED")
        await asyncio.sleep(1)

    await while_hints_run(it, asyncio.gather(it.look(), moves()))
    await it.look(after=15)
    told = [status for _, status, _ in await it.told()]
    assert told in (["PENDING", "COMPLETED"], ["PENDING", "RUNNING", "COMPLETED"])


async def test_a_hint_before_the_first_look_is_whole_makes_no_news(story):
    it = await story(signing_secret=Secret("s"))
    it.simulator.create("parse", id="pjb-1", status="COMPLETED")
    hints(it).offer("pjb-1")
    await while_hints_run(it, it.look())
    assert await it.events() == []
    assert not any(request.path.endswith("/pjb-1") for _, request in it.api.asked)


async def test_a_job_is_asked_for_once_between_two_looks(hinted):
    it = await hinted()
    for _ in range(3):
        it.api.asked.clear()
        for _ in range(5):
            hints(it).offer("pjb-1")
            await while_hints_run(it, asyncio.sleep(1))
        assert sum(request.path.endswith("/pjb-1") for _, request in it.api.asked) == 1
        await it.look(after=15)


async def test_hints_of_all_sources_of_a_key_share_a_tenth_of_its_budget(hinted):
    kinds = ("parse", "classify", "extract", "split")
    it = await hinted(kinds=kinds, requests_per_minute=120, api_key=Secret("llx-one"))
    it.api.asked.clear()
    running = [asyncio.ensure_future(poller.hints.run()) for poller in it.relay.pollers]
    for second in range(600):
        for number, _ in enumerate(kinds):
            hints(it, number).offer(f"job-{second}")
        await asyncio.sleep(1)
    for task in running:
        task.cancel()
    assert 100 <= len(it.api.asked) <= 125  # 12 a minute for ten minutes, and 3 at once


async def test_the_table_says_how_often_hints_came_first_and_by_how_much(hinted):
    it = await hinted()
    await it.clock.sleep(2)
    jobs = [it.simulator.create("parse", id=f"pjb-{n}", status="RUNNING") for n in range(3)]
    await it.look()
    for job in jobs[:2]:
        it.simulator.move(job, "COMPLETED")
    began = it.clock.now()
    for job in jobs:  # one of which has not changed
        hints(it).offer(job.id)
    await while_hints_run(it, asyncio.sleep(10))
    asked = [at for at, request in it.api.asked if at >= began]
    await it.clock.sleep(began + 15 - it.clock.now())
    await it.look()
    await it.look(after=15)
    (row,) = await it.store.hint_statistics()
    assert (row["source"], row["asked"], row["first"]) == ("parse", 3, 2)
    earlier = [began + 15 - at for at in asked[:2]]
    assert row["seconds"] == pytest.approx(sum(earlier) / 2, abs=0.4)


async def test_what_hints_saw_before_a_restart_is_measured_by_the_first_look_after_it(hinted):
    it = await hinted()
    await it.clock.sleep(2)
    job = it.simulator.create("parse", id="pjb-1", status="RUNNING")
    await it.look()
    it.simulator.move(job, "COMPLETED")
    hints(it).offer("pjb-1")
    await while_hints_run(it, asyncio.sleep(5))
    await it.start()
    await it.look(after=5)
    (row,) = await it.store.hint_statistics()
    assert row["seconds"] == pytest.approx(10, abs=0.5)


async def test_a_hint_while_the_api_is_in_trouble_ends_nothing(hinted):
    it = await hinted()
    it.simulator.fail_next(3, "error")
    hints(it).offer("pjb-1")
    await while_hints_run(it, asyncio.sleep(20))
    await it.look()
    it.simulator.create("parse", id="pjb-2")
    hints(it).offer("pjb-2")
    await while_hints_run(it, asyncio.sleep(1))
    assert await it.told() == [("pjb-2", "PENDING", None)]


async def test_what_a_hint_shows_after_an_outage_says_so(hinted):
    it = await hinted()
    await it.clock.sleep(2)
    job = it.simulator.create("parse", id="pjb-1", status="RUNNING")
    await it.look()
    it.simulator.move(job, "FAILED")
    await it.clock.sleep(3600)
    hints(it).offer("pjb-1")
    await while_hints_run(it, asyncio.sleep(1))
    assert [event["after_outage"] for event in await it.changes()] == [False, True]


async def test_a_hint_names_no_job_that_the_query_of_its_source_leaves_out(hinted):
    it = await hinted(kinds=("classify",), query={"configuration_id": "cfg-1"})
    await it.clock.sleep(2)
    create = it.simulator.create
    create("classify", id="ours", item={"configuration_id": "cfg-1"})
    create("classify", id="theirs", item={"configuration_id": "cfg-2"})
    for job_id in ("ours", "theirs"):
        hints(it).offer(job_id)
    await while_hints_run(it, asyncio.sleep(2))
    assert [job for job, *_ in await it.told()] == ["ours"]


async def test_a_lagging_list_takes_nothing_back_that_a_hint_has_shown(story):
    scenario = Scenario(streams={"parse": Stream(count=0, lag=30)})
    it = await story(scenario, signing_secret=Secret("s"))
    await it.look()
    await it.clock.sleep(2)
    job = it.simulator.create("parse", id="pjb-1", status="RUNNING")
    await it.look(after=40)
    it.simulator.move(job, "COMPLETED")
    hints(it).offer("pjb-1")
    await while_hints_run(it, asyncio.sleep(1))
    for _ in range(5):
        await it.look(after=10)
    assert [status for _, status, _ in await it.told()] == ["RUNNING", "COMPLETED"]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_a_job_that_a_hint_found_before_the_lists_show_it_has_not_vanished(story, kind):
    """Lists lag, and those by `job_ids` are lists."""
    scenario = Scenario(streams={kind: Stream(count=0, lag=600.0)})
    it = await story(scenario, kinds=(kind,), signing_secret=Secret("s"))
    await it.look()
    await it.clock.sleep(2)
    job = it.simulator.create(kind, status="RUNNING")
    hints(it).offer(job.id)
    await while_hints_run(it, asyncio.sleep(2))
    for _ in range(60):
        await it.look(after=15)
    assert [event["type"].partition(".")[2] for event in await it.events()] == ["running"]
