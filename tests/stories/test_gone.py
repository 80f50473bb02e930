"""Jobs that are not there any more: told once, late and never as a failure, or not at all."""

import pytest
from tales import hiding, looks, ordering, refusing, refusing_lists, types, unreachable

HOUR, DAY = 3600.0, 86400.0
SOME = ["parse", "batch", "batch_v1"]
PATHS = {"parse": "/api/v2/parse", "batch": "/api/v2/batches", "batch_v1": "/api/v1/beta/batch-processing"}


async def an_account(story, kind, status="RUNNING", *, age=HOUR):
    """A job seen two minutes ago, older than the window, among others."""
    it = await story(kinds=(kind,))
    it.simulator.create(kind, id="a", status=status, created_at=it.world_clock.now() - age)
    it.simulator.create(kind, id="young", status="COMPLETED")
    await it.look()
    assert await looks(it, 8) == []
    return it


def hidden(it):
    return hiding(it.simulator.answer, "a")


def vanished(kind):
    return [("a", f"{kind.partition('_')[0]}.vanished")]


@pytest.mark.parametrize("kind", SOME)
async def test_an_open_job_that_is_gone_is_told_once_after_two_misses_four_looks_apart(story, kind):
    it = await an_account(story, kind)
    it.api.answer = hidden(it)
    when = []
    for _ in range(20):
        await it.look(after=15)
        when.append(bool(await types(it)))
    assert when.index(True) >= 4
    assert await types(it) == vanished(kind)
    (event,) = await it.events()
    assert (event["status"], event["previous"], event["severity"]) == ("RUNNING", None, "warning")
    await it.start()
    await looks(it, 300, after=300)
    assert await types(it) == vanished(kind)


@pytest.mark.parametrize("kind", SOME)
async def test_a_job_that_has_vanished_is_asked_for_ever_more_rarely_and_after_a_day_no_more(story, kind):
    it = await an_account(story, kind, age=30 * 24 * HOUR)
    it.api.answer = hidden(it)

    async def questions(seconds):
        it.api.asked.clear()
        await looks(it, int(seconds / 60), after=60)
        return sum("a" in (r.path.rpartition("/")[2], *dict(r.query).values()) for _, r in it.api.asked)

    first, later, tomorrow = await questions(2 * HOUR), await questions(20 * HOUR), await questions(5 * HOUR)
    assert later < 3 * first
    assert later > 0
    assert (await types(it), (await questions(2 * HOUR)), tomorrow < 5) == (vanished(kind), 0, True)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("count", [1, 3, 30])
async def test_a_job_that_is_back_unchanged_is_no_news(story, kind, count):
    it = await an_account(story, kind)
    it.api.answer = hidden(it)
    await looks(it, count)
    it.api.answer = it.simulator.answer
    await looks(it, 30)
    assert await types(it) == (vanished(kind) if count == 30 else [])


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("count", [1, 30])
async def test_a_job_that_is_back_changed_is_news(story, kind, count):
    it = await an_account(story, kind)
    it.api.answer = hidden(it)
    await looks(it, count)
    it.simulator.move("a", "COMPLETED")
    it.api.answer = it.simulator.answer
    await looks(it, 30)
    assert await it.told() == [("a", "COMPLETED", "RUNNING")]


@pytest.mark.parametrize("kind", SOME)
async def test_misses_that_are_no_two_in_a_row_tell_nothing(story, kind):
    it = await an_account(story, kind)
    for _ in range(10):
        it.api.answer = hidden(it)
        await looks(it, 2)
        it.api.answer = it.simulator.answer
        await looks(it, 10)
    assert await types(it) == []


@pytest.mark.parametrize("kind", SOME)
async def test_an_ended_job_that_is_pruned_is_no_news_not_when_it_is_seen_again_either(story, kind):
    it = await an_account(story, kind, "COMPLETED")
    it.api.answer = hidden(it)
    await looks(it, 20)
    it.api.answer = it.simulator.answer
    await it.live(HOUR + 300)
    assert await types(it) == []


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("trouble", ["unreachable", 404, 410, 500, "404 of each job"])
async def test_nothing_vanishes_while_the_api_is_not_well(story, kind, trouble):
    it = await an_account(story, kind)
    bad = {
        "unreachable": unreachable(it.simulator.answer),
        "404 of each job": refusing(it.simulator.answer, 404, path=PATHS[kind] + "/"),
    }
    for _ in range(3):
        it.api.answer = bad.get(trouble) or refusing(it.simulator.answer, trouble, path=PATHS[kind])
        await looks(it, 6, after=60)
        it.api.answer = it.simulator.answer
        await looks(it, 12)
    await looks(it, 60)
    assert [kind for _, kind in await types(it) if not kind.startswith("source.")] == []


@pytest.mark.parametrize("kind", SOME)
async def test_between_the_two_misses_there_is_a_whole_look(story, kind):
    it = await an_account(story, kind)
    it.api.answer = hidden(it)
    await looks(it, 1)
    it.api.answer = unreachable(hidden(it))
    await looks(it, 10)
    assert [event["type"] for event in await it.events()] == ["source.down"]
    it.api.answer = hidden(it)
    await looks(it, 1)
    assert await types(it) == [(kind, "source.down"), (kind, "source.up")]
    await looks(it, 10)
    assert (await types(it))[2:] == vanished(kind)


@pytest.mark.parametrize("age", [HOUR, 5 * DAY])
@pytest.mark.parametrize(
    ("kind", "order"),
    [
        *((kind, None) for kind in SOME),
        ("batch_v1", lambda items: sorted(items, key=lambda item: item["id"][::-1])),
    ],
)
async def test_a_job_that_ends_while_no_get_finds_any_has_not_vanished(story, kind, age, order):
    """The lists are good: they are what is believed."""
    it = await story(kinds=(kind,), page_limit=10)
    now = it.world_clock.now()
    it.simulator.create(kind, id="a", status="RUNNING", created_at=now - age)
    for n in range(40):
        it.simulator.create(kind, id=f"young-{n}", status="COMPLETED", created_at=now - 3000 + n)
    right = ordering(it.simulator.answer, order) if order else it.simulator.answer
    it.api.answer = right
    await looks(it, 2)
    it.api.answer = refusing(right, 404, path=PATHS[kind] + "/")
    it.simulator.move("a", "COMPLETED")
    await looks(it, 12)
    assert await types(it) == [("a", f"{kind.partition('_')[0]}.completed")]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_list_by_ids_that_is_refused_for_one_that_is_gone_hides_none_of_the_others(story, status):
    it = await story(requests_per_minute=20)
    for n in range(40):
        created = it.world_clock.now() - HOUR * (n + 2)
        it.simulator.create("parse", id=f"job-{n}", status="RUNNING", created_at=created)
    await it.look()
    await looks(it, 2)
    it.api.answer = refusing_lists(it.simulator.answer, status, job_ids="job-7")
    it.simulator.vanish("job-7")
    await it.live(600)
    for n in range(7):
        it.simulator.move(f"job-{n}", "COMPLETED")
    it.simulator.move("job-39", "FAILED")
    await it.live(600)
    told = [(f"job-{n}", "parse.completed") for n in range(7)]
    assert sorted(await types(it)) == sorted([*told, ("job-7", "parse.vanished"), ("job-39", "parse.failed")])
    await looks(it, 20, after=15)
    it.api.asked.clear()
    await looks(it, 20, after=15)
    by_get = {request.path.rpartition("/")[2] for _, request in it.api.asked} - {"parse"}
    assert by_get <= {"job-7"}  # the others are asked for together again


async def test_a_second_look_at_what_ended_is_not_spoilt_by_one_that_is_gone(story):
    it = await story()
    for n in range(5):
        created = it.world_clock.now() - 100 * HOUR + n
        it.simulator.create("parse", id=f"job-{n}", status="RUNNING", created_at=created)
    await it.look()
    for n in range(5):
        it.simulator.move(f"job-{n}", "FAILED")
    await it.live(900)
    assert len(await types(it)) == 5
    it.api.answer = refusing_lists(it.simulator.answer, 400, job_ids="job-3")
    it.simulator.vanish("job-3")
    it.simulator.move("job-2", "COMPLETED")
    await it.live(HOUR)
    assert (await types(it))[5:] == [("job-2", "parse.completed")]
