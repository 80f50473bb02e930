"""A list without dates whose newest end is its last page."""

import json
from dataclasses import replace

import pytest
from stories.conftest import pytest_asyncio_loop_factories, story  # noqa: F401


@pytest.mark.parametrize("deleted", [0, 1, 3, 4, 7, 11, 12])
@pytest.mark.parametrize("new", [0, 1, 6, 20])
async def test_what_is_new_at_the_end_is_found_however_many_were_deleted(story, deleted, new):  # noqa: F811
    it = await story(kinds=("batch_v1",), page_limit=3)
    create, right = it.simulator.create, it.api.answer

    def oldest_first(request):
        query = dict(request.query)
        if request.path != "/api/v1/beta/batch-processing" or "status" in query:
            return right(request)
        whole = right(replace(request, query=[("limit", "1000"), ("offset", "0")]))
        items, offset = json.loads(whole.body)["items"][::-1], int(query["offset"])
        return replace(whole, body=json.dumps({"items": items[offset : offset + 3]}).encode())

    it.api.answer = oldest_first
    old = [
        create("batch_v1", status="COMPLETED", created_at=it.world_clock.now() - 9000 + n) for n in range(12)
    ]
    await it.look()
    await it.look(after=15)
    for job in old[:deleted]:
        it.simulator.vanish(job)
    for n in range(new):
        create("batch_v1", id=f"new-{n}", status="COMPLETED", created_at=it.world_clock.now() + n / 100)
    await it.look(after=15)
    assert {job for job, *_ in await it.told()} == {f"new-{n}" for n in range(new)}
