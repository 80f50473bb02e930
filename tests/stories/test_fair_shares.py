"""Two hundred sources of one key share its budget."""

from collections import Counter

import pytest
from tales import refusing, types
from virtual import a_source

from relay.model import Secret

HOUR = 3600.0
COUNT, PER_MINUTE = 200, 60


def project(n):
    return f"{n:08d}-2222-3333-4444-555555555555"


async def sources_of_one_key(story, *, minutes, busy=(), broken=(), every=15.0):
    it = await story()
    it.specs = [
        a_source(
            "parse",
            name=f"s{n}",
            project_id=project(n),
            api_key=Secret("llx-one"),
            requests_per_minute=PER_MINUTE,
            every=every,
        )
        for n in range(COUNT)
    ]
    for n in busy:
        it.simulator.create("parse", project_id=project(n), status="RUNNING")
    right = it.simulator.answer

    def answered(request):
        asked = dict(request.query).get("project_id", "")
        return refusing(right, 500)(request) if asked in broken else right(request)

    it.api.answer = answered
    await it.start()
    await it.live(HOUR / 2)  # the first looks
    it.api.asked.clear()
    await it.live(60 * minutes)
    return it


def looks_of(it):
    """How many looks each project had: without an older open job each is one window."""
    asked = (dict(request.query) for _, request in it.api.asked)
    return Counter(query["project_id"] for query in asked if "created_at_on_or_after" in query)


async def test_each_gets_as_many_looks_as_any_other(story):
    it = await sources_of_one_key(story, minutes=120)
    looks = looks_of(it)
    assert len(looks) == COUNT
    assert max(looks.values()) <= 1.5 * min(looks.values())
    assert len(it.api.asked) > 0.95 * PER_MINUTE * 120


async def test_those_with_nothing_open_leave_their_share_to_those_that_are_busy(story):
    busy = range(0, COUNT, 10)
    it = await sources_of_one_key(story, minutes=60, busy=busy)
    looks = looks_of(it)
    shares = [looks[project(n)] for n in busy]
    idle = [looks[project(n)] for n in range(COUNT) if n not in busy]
    assert min(idle) > 0
    assert min(shares) >= 2 * max(idle)
    assert max(idle) <= 1.5 * min(idle)


async def test_broken_ones_take_no_more_than_their_share(story):
    broken = {project(n) for n in range(20)}
    it = await sources_of_one_key(story, minutes=60, broken=broken)
    looks = looks_of(it)
    well = [looks[project(n)] for n in range(20, COUNT)]
    assert max(well) <= 1.5 * min(well)
    assert min(well) >= 0.6 * PER_MINUTE * 60 / COUNT
    assert sorted(await types(it)) == sorted((f"s{n}", "source.down") for n in range(20))


@pytest.mark.parametrize("every", [15.0, 300.0])
async def test_what_happens_in_the_least_of_them_is_told(story, every):
    it = await sources_of_one_key(story, minutes=1, every=every)
    for n in range(COUNT):
        it.simulator.create("parse", id=f"job-{n}", project_id=project(n), status="FAILED")
    await it.live(600)
    assert len(await it.told()) == COUNT
