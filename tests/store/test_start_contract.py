"""What a start puts right: waits that a clock has made too long, and destinations under a new name."""

import pytest
from bookkeeping import NOW, Lane, a_group, delivered, failed

HOUR = 3600.0


async def due_after_start(store, lane, at):
    """Seconds from a start at this time until the lane's next delivery."""
    await store.begin(now=NOW + at)
    for wait in (0, 5, 6, 10, 30, 60, 90, HOUR, 25 * HOUR):
        if await lane.claim(at=at + wait):
            return wait
    return None


# --- a clock that was ahead, and has gone back


async def test_a_try_is_due_no_later_than_it_was_to_be_after_its_failure(store, account, lane):
    await account.sees("a", at=HOUR)
    (claimed,) = await lane.claim(at=HOUR)
    await lane.turn(failed(claimed, again=HOUR + 6, began=HOUR), at=HOUR, room=0)
    assert await due_after_start(store, lane, 0) == 6


async def test_a_groups_message_is_due_after_its_own_wait(store, account, lane):
    await account.sees("a", at=HOUR, group=a_group(wait=10.0, interval=10.0))
    assert await due_after_start(store, lane, 0) == 10


async def test_what_settles_is_held_no_longer_than_it_says(store, account, lane):
    await account.sees("a", "FAILED", at=HOUR, settle=30)
    assert await due_after_start(store, lane, 0) == 30


async def test_what_was_due_at_once_is(store, account, lane):
    await account.sees("a", at=HOUR)
    assert await due_after_start(store, lane, 0) == 0


async def test_what_was_claimed_and_given_back_is_due(store, account, lane):
    await account.sees("a", at=-HOUR)
    claimed = await lane.claim(at=HOUR)
    await lane.turn(unsent=claimed, at=HOUR, room=0)
    await account.sees("b", at=-HOUR)
    await lane.claim(at=HOUR)
    await store.end_leases(now=NOW + HOUR)
    await store.cut_waits(now=NOW)
    assert len(await lane.claim()) == 2


async def test_a_lease_that_is_held_is_cut_by_no_jump_of_the_clock(store, account, lane, other_lane):
    await account.sees("a", at=HOUR)
    await lane.claim(at=HOUR)
    await store.cut_waits(now=NOW)
    assert await other_lane.claim(at=HOUR) == ()


async def test_a_lease_ends(store, account, lane, other_lane):
    await account.sees("a")
    await lane.claim(at=HOUR)
    assert await due_after_start(store, other_lane, 0) == 0


# --- a clock that was right


async def test_a_wait_that_began_in_the_past_stays_as_it_is(store, account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed, again=HOUR), room=0)
    assert await due_after_start(store, lane, 0) == HOUR


async def test_no_wait_is_longer_than_its_kind_allows_whatever_set_it(store, account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed, again=1000 * HOUR), room=0)
    assert await due_after_start(store, lane, 0) == 25 * HOUR


# --- a destination under a new name


async def renames(store):
    await store.change(renamed={"oncall": "ops"})


async def test_what_waits_and_what_is_dead_goes_on_under_the_new_name(store, account, lane):
    await account.sees("gone")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed), room=0)
    await account.sees("waits")
    await renames(store)
    assert {(row["destination"], row["state"]) for row in await store.rows("deliveries")} == {
        ("oncall", "dead"),
        ("oncall", "waiting"),
    }
    assert [c.id for c in await Lane(store, "oncall").claim(at=100)] == ["msg-waits-1-ops"]
    assert (await store.audit()).amiss == ()


async def test_what_was_delivered_keeps_the_name_it_was_delivered_under(store, account, lane):
    await account.sees("a")
    await lane.turn(*map(delivered, await lane.claim()), room=0)
    await renames(store)
    assert [row["destination"] for row in await store.rows("deliveries")] == ["ops"]
    assert (await store.audit()).amiss == ()


async def test_a_groups_events_go_with_it(store, account, lane):
    for n in range(3):
        await account.sees(f"job-{n}", to=("ops", "dev"), group=a_group())
    await renames(store)
    (claimed,) = await Lane(store, "oncall").claim(at=100)
    assert claimed.message.count == 3
    assert (await store.audit()).amiss == ()


async def test_what_both_names_have_is_not_doubled(store, account):
    await account.sees("a", to=("ops", "oncall"))
    await renames(store)
    assert sorted(row["destination"] for row in await store.rows("deliveries")) == ["oncall", "ops"]
    assert (await store.audit()).amiss == ()


async def test_what_waits_and_what_is_dead_of_a_rule_goes_on_under_its_new_name(store, account, lane):
    await account.sees("gone")
    await lane.turn(failed(*(await lane.claim())), room=0)
    await account.sees("waits")
    assert await lane.claim(rules={"new"}) == ()
    await account.sees("of another", rule="other")
    await store.change(renamed_rules={"new": "all"})
    assert [c.id for c in await lane.claim(at=100, rules={"new"})] == ["msg-waits-1-ops"]
    assert {(row["id"], row["rule"]) for row in await store.rows("deliveries")} == {
        ("msg-gone-1-ops", "new"),
        ("msg-waits-1-ops", "new"),
        ("msg-of another-1-ops", "other"),
    }
    assert (await store.audit()).amiss == ()


async def test_events_join_the_group_of_a_rule_under_its_new_name(store, account, lane):
    await account.sees("a", group=a_group())
    await store.change(renamed_rules={"new": "all"})
    await account.sees("b", at=2, group=a_group(), rule="new")
    (claimed,) = await lane.claim(at=10)
    assert claimed.message.count == 2


async def test_the_place_of_a_message_moves_too(store, account, lane):
    await account.sees("a", product="batch")
    (first,) = await lane.claim(living=True)
    await lane.turn(delivered(first, place="C1/17"), room=0)
    await renames(store)
    await account.sees("a", "COMPLETED", product="batch", to=("oncall",), at=110)
    (second,) = await Lane(store, "oncall").claim(at=110, living=True)
    assert second.message.place == "C1/17"


@pytest.mark.parametrize("times", [1, 3])
async def test_a_name_that_stays_in_the_configuration_harms_nothing(store, account, times):
    await account.sees("a")
    for _ in range(times):
        await renames(store)
    assert [row["destination"] for row in await store.rows("deliveries")] == ["oncall"]
