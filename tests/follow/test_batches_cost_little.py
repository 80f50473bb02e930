"""What following a batch asks of the API."""

from itertools import pairwise

from follow.conftest import BATCH, PARSE

from relay.model import Secret


async def test_jobs_that_the_snapshot_knows_are_not_asked_for(batched):
    it = await batched(*["COMPLETED"] * 60, "RUNNING")
    await it.end()
    it.move("parse-60", "FAILED", "broken")
    await it.looks(3)
    assert (await it.outcome())["failed"] == 1
    assert it.asked(PARSE) == []
    assert len(it.asked(BATCH)) <= 2


async def test_jobs_of_a_source_that_is_not_looked_at_are_asked_for(batched):
    """It stood in the configuration once, and left it while the job was open."""
    it = await batched("RUNNING", "COMPLETED")
    it.story.specs = it.story.specs[1:]
    await it.story.start()
    await it.end()
    await it.story.look(after=3600)
    it.move("parse-0", "COMPLETED")
    await it.looks(3, after=300)
    assert (await it.outcome())["completed"] == 2
    assert {tuple(ids) for _, ids in it.asked(PARSE)} == {("parse-0",)}


async def test_a_thousand_files_cost_at_most_twenty_requests_a_round_and_fewer_with_time(batched):
    it = await batched(*["RUNNING"] * 1000, kinds=("batch",))
    it.story.api.asked.clear()
    await it.end()
    for _ in range(20):
        assert len(it.asked(f"{BATCH}/")) + len(it.asked(PARSE)) <= 20
        it.story.api.asked.clear()
        await it.looks(1)
    it.story.api.asked.clear()
    await it.looks(40)
    young = len(it.asked(PARSE))
    await it.looks(5, after=3600)
    it.story.api.asked.clear()
    await it.looks(40)
    assert len(it.asked(PARSE)) <= young / 4
    for n in range(1000):
        it.move(f"parse-{n}", "COMPLETED")
    await it.looks(4, after=3600)
    assert (await it.outcome())["completed"] == 1000


async def test_only_jobs_still_open_are_asked_for_again(batched):
    it = await batched(*["COMPLETED"] * 120, "RUNNING", kinds=("batch",))
    await it.end()
    it.story.api.asked.clear()
    await it.looks(2)
    assert [ids for _, ids in it.asked(PARSE)] == [["parse-120"]] * 2
    assert it.asked(BATCH) == []


async def test_what_files_cost_waits_behind_the_looks_of_others(batched):
    """With one key for all and 20 requests a minute, parse is still looked at in time."""
    one = Secret("llx-one")
    it = await batched(*["RUNNING"] * 1000, kinds=("batch", "classify"), requests_per_minute=20, api_key=one)
    it.story.simulator.move(it.batch, "COMPLETED")
    await it.story.live(300)
    looks = [at for at, request in it.story.api.asked if request.path == "/api/v2/classify"]
    assert len(looks) > 10
    assert max(later - sooner for sooner, later in pairwise(looks)) < 20


async def test_what_following_takes_is_part_of_what_a_source_is_said_to_want(batched):
    """Else `status` promises a pace that a source with batches to follow does not keep."""
    it = await batched(*["RUNNING"] * 500, kinds=("batch",))
    await it.end()
    await it.looks(1)
    (source,) = await it.story.store.rows("sources")
    assert source["requests"] > 10


async def test_a_page_smaller_than_asked_for_hides_no_job(batched):
    it = await batched(*["COMPLETED"] * 120, kinds=("batch",))
    right = it.story.api.answer

    def smaller(request):
        query = [(k, "20" if k == "page_size" else v) for k, v in request.query]
        request = type(request)(path=request.path, query=query, headers=request.headers)
        return right(request)

    it.story.api.answer = smaller
    await it.end()
    await it.looks(2)
    assert (await it.outcome())["completed"] == 120
