"""An API that is not well, and clocks that are wrong: looks fail, nothing is lost and nothing is invented."""

from itertools import pairwise

import pytest
from tales import hanging, refusing, unreachable

from relay.model import Secret
from relay.simulator import Scenario, Stream
from relay.sources import KINDS

HOUR = 3600.0


async def an_account(story, **spec):
    """One that was seen whole, with a job that is open and older than the window."""
    it = await story(**spec)
    kind = it.specs[0].kind.name
    it.simulator.create(kind, id="open", status="RUNNING", created_at=it.world_clock.now() - HOUR)
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    await it.clock.sleep(5)
    return it


@pytest.mark.parametrize(("seconds", "after_outage"), [(120, False), (600, True)])
async def test_after_an_outage_all_is_caught_up_with_and_says_so(story, seconds, after_outage):
    it = await an_account(story)
    it.api.answer = unreachable(it.simulator.answer)
    assert "no route to host" in (await it.look()).trouble
    await it.clock.sleep(seconds)
    it.simulator.create(
        "parse", id="meanwhile", status="FAILED", created_at=it.world_clock.now() - seconds / 2
    )
    it.simulator.move("open", "COMPLETED")
    it.api.answer = it.simulator.answer
    await it.look()
    assert await it.told() == [("meanwhile", "FAILED", None), ("open", "COMPLETED", "RUNNING")]
    assert [event["after_outage"] for event in await it.events()] == [after_outage] * 2


async def test_once_caught_up_events_are_no_longer_after_an_outage(story):
    it = await an_account(story)
    await it.look(after=HOUR)
    it.simulator.move("open", "COMPLETED")
    for _ in range(12):  # it has not changed for an hour, and is asked as often as a twentieth of that
        await it.look(after=15)
    assert [event["after_outage"] for event in await it.events()] == [False]


@pytest.mark.parametrize("answers", range(4))
async def test_what_came_before_a_failed_page_is_kept_and_the_rest_comes_with_the_next_look(story, answers):
    it = await an_account(story, page_size=2)
    for n in range(7):
        it.simulator.create("parse", id=f"new-{n}")
    it.api.answer = unreachable(it.simulator.answer, after=answers)
    assert (await it.look(after=15)).trouble
    assert len(await it.told()) == 2 * answers
    it.api.answer = it.simulator.answer
    assert not (await it.look(after=15)).trouble
    assert sorted(await it.told()) == [(f"new-{n}", "PENDING", None) for n in range(7)]


async def test_a_list_that_lags_by_half_an_hour_hides_nothing(story):
    it = await an_account(story)
    for _ in range(120):
        await it.look(after=30)
    it.simulator.create("parse", id="late", status="FAILED", created_at=it.world_clock.now() - 1800)
    await it.look(after=15)
    assert await it.told() == [("late", "FAILED", None)]


async def test_a_list_that_lags_and_has_shown_nothing_yet_hides_nothing(story):
    it = await story(Scenario(streams={"parse": Stream(count=0, lag=1800.0)}))
    await it.look()
    await it.clock.sleep(5)
    it.simulator.create("parse", id="first", status="FAILED")
    for _ in range(130):
        await it.look(after=15)
    assert await it.told() == [("first", "FAILED", None)]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_a_restart_makes_no_news(story, kind):
    it = await an_account(story, kinds=(kind,))
    it.simulator.move("open", "COMPLETED")
    await it.look(after=15)
    for _ in range(3):
        await it.start()
        await it.look(after=15)
    assert await it.told() == [("open", "COMPLETED", "RUNNING")]


@pytest.mark.parametrize("jumps", [(HOUR, -2 * HOUR), (-HOUR, 2 * HOUR), (90 * 24 * HOUR, -200 * 24 * HOUR)])
async def test_a_clock_that_jumps_loses_and_invents_nothing(story, jumps):
    it = await an_account(story)
    for n, seconds in enumerate(jumps):
        it.clock.jump(seconds)
        it.simulator.create("parse", id=f"new-{n}")
        await it.look(after=15)
        it.simulator.move(f"new-{n}", "COMPLETED")
        await it.look(after=15)
    expected = [
        (f"new-{n}", *change) for n in (0, 1) for change in (("PENDING", None), ("COMPLETED", "PENDING"))
    ]
    assert await it.told() == expected


@pytest.mark.parametrize(
    "broken", [lambda a: hanging(a, path="/api/v2/parse"), lambda a: refusing(a, 500, path="/api/v2/parse")]
)
async def test_a_source_that_fails_delays_no_other(story, broken):
    it = await story(kinds=("parse", "classify"), api_key=Secret("llx-one"))
    it.api.answer = broken(it.simulator.answer)
    await it.live(HOUR)
    looks = [
        at
        for at, request in it.api.asked
        if ("page_size", "100") in request.query and "classify" in request.path
    ]
    assert max(later - at for at, later in pairwise(looks[4:])) < 17
    assert (await it.look()).trouble is None  # the last of them


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_tried_again_each_minute_and_later_each_five(story, status):
    it = await story()
    it.api.answer = refusing(it.simulator.answer, status)
    await it.live(HOUR)
    pauses = [later - at for (at, _), (later, _) in pairwise(it.api.asked)]
    assert [round(pause) for pause in pauses] == [60] * 9 + [300] * 10


async def test_an_api_that_is_down_is_not_asked_more_often_than_each_minute(story):
    it = await story()
    it.api.answer = unreachable(it.simulator.answer)
    await it.live(2 * HOUR)
    assert 100 < len(it.api.asked) / 3 < 180  # each of three tries


async def test_requests_stay_within_the_budget_of_their_key(story):
    it = await story(kinds=KINDS, api_key=Secret("llx-one"), requests_per_minute=20, every=10.0)
    it.api.answer = refusing(it.simulator.answer, 500, path="/api/v2/parse")
    await it.live(HOUR)
    times = [at for at, _ in it.api.asked]
    depth, rate = 5, 20
    assert all(later - at >= 60 for at, later in zip(times, times[rate + depth :], strict=False))
    assert len(times) > 0.9 * rate * 60


async def test_what_is_told_arrives(story):
    it = await an_account(story)
    it.simulator.move("open", "FAILED", "PDF_IS_BROKEN: page 7")
    await it.live(60)
    (message,) = it.inbox.messages
    (event,) = message.events
    assert (message.rule, message.severity, event.type) == ("all", "error", "parse.failed")
    assert (event.data.error, event.data.error_kind) == ("PDF_IS_BROKEN: page 7", "PDF_IS_BROKEN: page #")


async def test_a_look_that_took_long_is_no_outage(story):
    it = await an_account(story, page_size=1, requests_per_minute=1)
    for n in range(10):
        it.simulator.create("parse", id=f"new-{n}")
    assert (await it.look(after=15)).seconds > 500
    it.simulator.create("parse", id="next")
    await it.look(after=15)
    assert len(await it.events()) == 11
    assert not any(event["after_outage"] for event in await it.events())
