"""A list without dates, in whatever order it comes: `batch_v1`."""

from functools import partial
from random import Random

import pytest
from tales import looks, meanwhile, ordering

from relay.simulator import Scenario, Stream
from relay.sources import KINDS

HOUR, DAY = 3600.0, 86400.0
PATH = "/api/v1/beta/batch-processing"
ORDERS = {
    "newest": lambda items: items,
    "oldest": lambda items: items[::-1],
    "none": lambda items: Random(7).sample(items, len(items)),
}


def by_id(items):
    """An order that stays while jobs come, but is none of time."""
    return sorted(items, key=lambda item: item["id"][::-1])


async def an_account(story, order, count=300):
    it = await story(kinds=("batch_v1",), page_limit=20)
    for n in range(count):
        created_at = it.world_clock.now() - DAY - 600 * n
        it.simulator.create("batch_v1", id=f"old-{n}", status="COMPLETED", created_at=created_at)
    it.api.answer = ordering(it.simulator.answer, order)
    assert (await it.look()).trouble is None
    assert await it.told() == []
    return it


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_what_is_new_is_read_from_the_newest_end_at_no_more_cost_than_a_few_pages(story, order):
    it = await an_account(story, ORDERS[order])
    await looks(it, 2)
    for n in range(45):
        it.simulator.create("batch_v1", id=f"new-{n}", status="FAILED")
        if n % 15 == 0:
            it.api.asked.clear()
            await it.look(after=15)
            assert sum(request.path == PATH for _, request in it.api.asked) <= 3 + 3
    await it.live(60)
    assert sorted(await it.told()) == sorted((f"new-{n}", "FAILED", None) for n in range(45))


@pytest.mark.parametrize("order", [ORDERS["none"], by_id])
async def test_where_no_order_shows_the_open_are_told_at_once_and_the_rest_within_the_hour(story, order):
    it = await an_account(story, order)
    await looks(it, 2)
    it.simulator.create("batch_v1", id="new", status="FAILED")
    it.simulator.create("batch_v1", id="open", status="RUNNING")
    assert (await it.look(after=15)).requests <= 5
    assert await it.told() == [("open", "RUNNING", None)]
    await it.live(HOUR + 300)
    assert await it.told() == [("open", "RUNNING", None), ("new", "FAILED", None)]


async def test_an_order_that_changes_is_noticed_and_hides_nothing_for_more_than_an_hour(story):
    it = await an_account(story, ORDERS["newest"])
    for n, order in enumerate((*ORDERS.values(), ORDERS["newest"])):
        it.api.answer = ordering(it.simulator.answer, order)
        it.simulator.create("batch_v1", id=f"new-{n}", status="FAILED")
        await it.live(2 * HOUR + 300)
    assert await it.told() == [(f"new-{n}", "FAILED", None) for n in range(4)]


@pytest.mark.parametrize("order", ORDERS)
async def test_a_list_that_shrinks_hides_nothing(story, order):
    it = await an_account(story, ORDERS[order])
    left = lambda items: [item for item in items if not item["id"].endswith(("1", "3", "5"))]  # noqa: E731
    it.api.answer = ordering(it.simulator.answer, lambda items: ORDERS[order](left(items)))
    it.simulator.create("batch_v1", id="new-0", status="FAILED")
    await it.live(HOUR + 600)
    assert await it.told() == [("new-0", "FAILED", None)]


@pytest.mark.parametrize("order", ORDERS)
async def test_one_that_moves_from_list_to_list_tells_each_change(story, order):
    it = await an_account(story, ORDERS[order])
    it.simulator.create("batch_v1", id="a")
    for status in ("DISPATCHED", "RUNNING", "COMPLETED"):
        await it.look(after=15)
        it.simulator.move("a", status)
    await it.look(after=15)
    assert [status for _, status, _ in await it.told()] == ["PENDING", "DISPATCHED", "RUNNING", "COMPLETED"]


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.dates])
@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
async def test_a_known_job_ends_no_walk_since_no_list_is_said_to_have_an_order(story, kind, order):
    it = await story(Scenario(streams={kind: Stream(count=0, order=order)}), kinds=(kind,), page_limit=3)
    await it.look()
    for n in range(20):
        it.simulator.create(kind, id=f"job-{n}", status="COMPLETED", created_at=it.world_clock.now() + n % 5)
        if n % 2:
            await it.look(after=15)
    assert sorted(await it.told()) == sorted((f"job-{n}", "COMPLETED", None) for n in range(20))


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("after", range(6))
@pytest.mark.parametrize("path", [("PENDING", "RUNNING"), ("RUNNING", "PENDING")])
async def test_a_job_that_moves_between_two_lists_of_a_look_is_not_missed(story, kind, after, path):
    """Not by the first look, whose lists it is new to, nor by a later one, whose lists should show it."""
    it = await story(kinds=(kind,))
    right, (before, now) = it.simulator.answer, path
    for n in range(2):
        it.simulator.create(kind, id=f"a-{n}", status=before, created_at=it.world_clock.now() - DAY)
        it.api.answer = meanwhile(right, partial(it.simulator.move, f"a-{n}", now), after=after)
        await it.look(after=15)
        it.api.answer = right
        it.simulator.move(f"a-{n}", "FAILED")
        await looks(it, 3)
        if n == 0:
            assert (await it.told())[-1][:2] == ("a-0", "FAILED")
