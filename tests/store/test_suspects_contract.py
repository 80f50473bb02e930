"""What ends relay while it is being sent is found and given up, and its neighbours are not; in any store."""

import pytest
from bookkeeping import NOW, Lane, delivered, failed

from relay.store.outbox import LOST_FOR_GOOD, POISON


async def crashes(store, *lanes, at, **wants):
    """Each lane claims, and relay is gone; what each had."""
    claimed = [await lane.claim(at=at, **wants) for lane in lanes]
    await store.begin(now=NOW + at + 1)
    return [[c.id for c in one] for one in claimed]


async def jobs(account, count, **owed):
    return [delivery for n in range(count) for delivery in await account.sees(f"job-{n}", **owed)]


async def test_after_one_crash_all_go_as_before(store, account, lane):
    ids = await jobs(account, 3)
    await crashes(store, lane, at=0)
    assert [(c.id, c.attempt, c.is_suspect) for c in await lane.claim(at=2)] == [(i, 2, False) for i in ids]


async def test_what_was_lost_twice_goes_alone(store, account, lane):
    ids = await jobs(account, 3)
    for at in (0, 10):
        await crashes(store, lane, at=at)
    (alone,) = await lane.claim(at=20)
    assert (alone.id, alone.attempt, alone.is_suspect) == (ids[0], 3, True)
    assert await lane.claim(at=20, idle=False) == ()
    (second,) = (await lane.turn(delivered(alone), at=21)).claimed
    assert second.id == ids[1]


async def test_it_waits_until_nothing_of_its_lane_is_under_way(store, account, lane):
    await jobs(account, 1)
    for at in (0, 10):
        await crashes(store, lane, at=at)
    await account.sees("other", at=15)
    assert await lane.claim(at=20, idle=False) == ()
    assert len(await lane.claim(at=20, idle=True)) == 1


async def test_one_goes_alone_at_a_time_over_all_lanes(store, account, lane):
    await jobs(account, 2, to=("ops", "dev"))
    dev = Lane(store, "dev")
    for at in (0, 10):
        await crashes(store, lane, dev, at=at)
    (alone,) = await lane.claim(at=20)
    await account.sees("new", to=("dev",), at=20)
    assert [c.id for c in await dev.claim(at=20)] == ["msg-new-1-dev"], "the others go on meanwhile"
    turn = await lane.turn(failed(alone, again=100), at=21, room=0)
    assert turn.news, "so that the other lane looks again"
    assert [c.id for c in await dev.claim(at=21)] == ["msg-job-0-1-dev"]


async def test_an_attempt_with_an_outcome_clears_it(store, account, lane):
    await jobs(account, 1)
    for at in (0, 10):
        await crashes(store, lane, at=at)
    (alone,) = await lane.claim(at=20)
    await lane.turn(failed(alone, again=30), at=21)
    (again,) = await lane.claim(at=30)
    assert not again.is_suspect


async def test_the_poison_is_given_up_and_its_neighbours_are_not(store, account, lane):
    poison, *others = await jobs(account, 5)
    for at in range(0, 1000, 10):
        claimed = await lane.claim(at=at)
        if poison in [c.id for c in claimed]:
            await store.begin(now=NOW + at + 1)
        else:
            await lane.turn(*map(delivered, claimed), at=at + 1, room=0)
    assert [await lane.state(other) for other in others] == ["delivered"] * 4
    (row,) = await store.rows("deliveries", id=poison)
    assert (row["state"], row["reason"], row["attempts"]) == ("dead", POISON, LOST_FOR_GOOD)
    assert (await store.audit()).amiss == ()


async def test_what_was_behind_the_poison_goes_on(store, account, lane):
    await account.sees("a")
    await account.sees("a", "FAILED")
    for n in range(LOST_FOR_GOOD):
        await crashes(store, lane, at=10 * n)
    (next_one,) = await lane.claim(at=100)
    assert next_one.id == "msg-a-2-ops"


async def test_poison_that_is_retried_goes_alone_and_may_be_lost_thrice_more(store, account, lane):
    (poison,) = await jobs(account, 1)
    for n in range(LOST_FOR_GOOD):
        await crashes(store, lane, at=10 * n)
    await lane.claim(at=100)
    assert await store.retry(give_up_at={poison: NOW + 9999}, now=NOW + 101) == 1
    for n in range(3):
        ((claimed,),) = await crashes(store, lane, at=110 + 10 * n)
        assert claimed == poison
    assert await lane.claim(at=200) == ()
    assert await lane.state(poison) == "dead"


async def test_a_stop_that_gives_nothing_back_makes_no_one_suspect(store, account, lane):
    await jobs(account, 1)
    for n in range(9):
        await lane.claim(at=10 * n)
        await store.end_leases(now=NOW + 10 * n + 1)
    (claimed,) = await lane.claim(at=100)
    assert not claimed.is_suspect


@pytest.mark.parametrize("rules", [{"other"}, set()])
async def test_a_rule_that_is_gone_holds_its_deliveries_back_and_no_others(store, account, lane, rules):
    await jobs(account, 30)
    turn = await lane.turn(room=10, rules=rules)
    assert turn.claimed == ()
    while turn.next_due is not None:
        turn = await lane.turn(room=10, rules=rules)
    assert {row["held"] for row in await store.rows("deliveries")} == {"rule"}
    assert {row["attempts"] for row in await store.rows("deliveries")} == {0}
    await store.begin(now=NOW + 1)
    assert len(await lane.claim(at=1, room=50, rules={"all"})) == 30


async def test_a_lease_that_ran_out_under_another_run_counts_too(account, lane, other_lane):
    await account.sees("a")
    for at, claimer in ((0, lane), (31, other_lane), (62, lane)):
        (claimed,) = await claimer.claim(at=at)
    assert await other_lane.claim(at=63) == ()
    (claimed,) = await other_lane.claim(at=93)
    assert claimed.is_suspect
