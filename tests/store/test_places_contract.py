"""Messages that are brought up to date in place, and how far a batch has come; in any store."""

import pytest
from bookkeeping import NOW, Lane, a_file, a_group, delivered, failed

from relay.model import utc_text


@pytest.fixture
async def begun(store, account, lane):
    """A batch that has ended, whose message stands; follow its files."""
    await account.sees("a", "COMPLETED", product="batch", follow=True)
    (first,) = await lane.claim(living=True)
    await lane.turn(delivered(first, place="C1/17"))
    (batch,) = await store.batches_to_follow(source=account.id, now=NOW, limit=9)

    async def follow(*statuses, at=0.0):
        files = [a_file(n, status) for n, status in enumerate(statuses)]
        return await store.batch_followed(
            source=account.id, batch=batch, files=files, event=None, again=utc_text(NOW), now=NOW + at
        )

    return first, follow


@pytest.mark.parametrize("how", ["batch", "group"])
async def test_a_message_in_place_is_found_again(account, lane, how):
    owed = {"product": "batch"} if how == "batch" else {"group": a_group(interval=0.0)}
    await account.sees("a", **owed)
    (first,) = await lane.claim(at=10, living=True)
    await lane.turn(delivered(first, place="C1/17"), at=11)
    await account.sees("a", "COMPLETED", at=12, **owed)
    (second,) = await lane.claim(at=22, living=True)
    assert (first.message.place, second.message.place) == (None, "C1/17")


async def test_a_groups_message_comes_with_what_it_told_since_it_began(store, account, lane):
    owed, since = {"group": a_group(interval=0.0)}, {}
    for n, job in enumerate("abc"):
        await account.sees(job, at=100 * n, **owed)
        (claimed,) = await lane.claim(at=100 * n + 10, living=True, begun_by=since.get)
        await lane.turn(delivered(claimed, place=f"C1/{n}"), at=100 * n + 11)
        since.setdefault("C1/1" if n else "C1/0", claimed.id)
    assert [event.data.job_id for event in claimed.message.earlier] == ["b"]
    assert claimed.message.arrived_at is None
    await store.repeat(give_up_at={claimed.id: NOW + 3600}, now=NOW + 300)
    (again,) = await lane.claim(at=300, living=True, begun_by=since.get)
    assert again.message.arrived_at == utc_text(NOW)


async def test_another_batch_has_a_message_of_its_own(account, lane):
    await account.sees("a", product="batch")
    (first,) = await lane.claim(living=True)
    await lane.turn(delivered(first, place="C1/17"))
    await account.sees("b", product="batch")
    (second,) = await lane.claim(living=True)
    assert second.message.place is None


async def test_a_batchs_message_moves_on_with_its_files(store, lane, begun):
    first, follow = begun
    assert await follow("COMPLETED", "RUNNING", "FAILED", at=20)
    (more,) = await lane.claim(at=20, living=True)
    assert (more.id, more.is_attempt) == (first.id, False)
    assert (more.message.place, more.message.progress) == ("C1/17", (2, 3))
    await lane.turn(delivered(more, place="C1/18"), at=21)
    assert await lane.claim(at=22, living=True) == (), "once is enough"
    assert await lane.state(first.id) == "delivered"
    assert (await store.audit()).amiss == ()


async def test_a_batchs_message_moves_on_where_it_stands_though_its_destination_has_another_name(
    store, begun
):
    first, follow = begun
    await store.change(renamed={"oncall": "ops"})
    await follow("COMPLETED", "RUNNING", at=20)
    lane = Lane(store, "oncall")
    (more,) = await lane.claim(at=20, living=True)
    assert (more.id, more.message.place, more.message.progress) == (first.id, "C1/17", (1, 2))
    assert await lane.claim(at=21, living=True) == (), "it is on its way"
    await lane.turn(delivered(more, place="C1/17"), at=22)
    assert await lane.claim(at=90, living=True) == (), "once is enough"


async def test_files_that_have_not_come_further_move_nothing(lane, begun):
    _, follow = begun
    assert await follow("PENDING", "FAILED")
    await lane.claim(living=True)
    assert not await follow("RUNNING", "FAILED")
    assert await lane.claim(living=True) == ()


async def test_a_message_that_comes_anyway_says_how_far_its_batch_is_and_nothing_says_it_again(
    account, lane, begun
):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    await account.sees("a", "RUNNING", product="batch")
    (next_,) = await lane.claim(living=True)
    assert (next_.is_attempt, next_.message.progress) == (True, (1, 2))
    await lane.turn(delivered(next_, place="C1/17"))
    assert await lane.claim(living=True) == ()


async def test_what_is_to_move_on_is_no_reason_to_hurry_while_its_lane_has_no_room(lane, begun):
    _, follow = begun
    await follow("FAILED")
    assert (await lane.turn(room=0, living=True)).next_due is None
    assert len(await lane.claim(living=True)) == 1


async def test_a_message_that_could_not_be_moved_on_costs_no_delivery(store, lane, begun):
    first, follow = begun
    await follow("RUNNING")
    (more,) = await lane.claim(living=True)
    await lane.turn(failed(more))
    assert await lane.state(first.id) == "delivered"
    assert (await store.audit()).amiss == ()


async def test_what_could_not_be_moved_on_is_moved_on_when_its_lease_has_ended(lane, begun):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    (more,) = await lane.claim(living=True)
    await lane.turn(failed(more, again=5))
    assert await lane.claim(at=29, living=True) == ()
    (again,) = await lane.claim(at=30, living=True)
    assert (again.id, again.message.progress) == (more.id, (1, 2))
    await lane.turn(delivered(again, place="C1/17"), at=31)
    assert await lane.claim(at=90, living=True) == ()


async def test_what_is_refused_for_good_is_not_moved_on_again(lane, begun):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    (more,) = await lane.claim(living=True)
    await lane.turn(failed(more))
    assert await lane.claim(at=90, living=True) == ()


async def test_what_was_not_moved_on_since_its_lane_stopped_is_due_at_once(lane, begun):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    (more,) = await lane.claim(living=True)
    await lane.turn(unsent=[more], room=0, at=1)
    assert [c.id for c in await lane.claim(at=2, living=True)] == [more.id]


async def test_progress_that_comes_while_a_message_moves_on_is_told_too(lane, begun):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    (more,) = await lane.claim(at=1, living=True)
    await follow("COMPLETED", "FAILED", at=2)
    await lane.turn(delivered(more, place="C1/17"), at=3)
    (next_,) = await lane.claim(at=4, living=True)
    assert next_.message.progress == (2, 2)


async def test_progress_that_went_along_with_a_delivery_that_failed_is_told_with_the_next_try(
    account, lane, begun
):
    _, follow = begun
    await follow("COMPLETED", "RUNNING")
    await account.sees("a", "RUNNING", product="batch")
    (next_,) = await lane.claim(living=True)
    await lane.turn(failed(next_, again=600))
    (more,) = await lane.claim(at=30, living=True)
    assert (more.is_attempt, more.message.progress) == (False, (1, 2))


async def test_news_of_a_batch_that_comes_late_comes_with_what_was_told_since(account, lane):
    await account.sees("a", "PENDING", product="batch", group=a_group(wait=60.0))
    await account.sees("a", "RUNNING", at=1, product="batch")
    await account.sees("a", "COMPLETED", at=2, product="batch")
    for at in (3, 4):
        (claimed,) = await lane.claim(at=at, living=True)
        await lane.turn(delivered(claimed, place="C1/17"), at=at, room=0)
        assert claimed.message.earlier == ()
    (late,) = await lane.claim(at=90, living=True)
    assert [event.data.status for event in late.message.events] == ["PENDING"]
    assert [event.data.status for event in late.message.earlier] == ["COMPLETED"]
