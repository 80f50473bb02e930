"""Claims, leases and what becomes of them, in any store."""

import pytest
from bookkeeping import NOW, Lane, delivered, failed

from relay.model import utc_text


async def test_what_is_due_is_claimed_once_with_its_event(account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    assert (claimed.id, claimed.message.rule, claimed.attempt, claimed.failures) == (
        "msg-a-1-ops",
        "all",
        1,
        0,
    )
    assert [(event.id, event.data.status) for event in claimed.message.events] == [("evt-a-1", "RUNNING")]
    assert await lane.claim() == ()


async def test_nothing_is_claimed_before_it_is_due(account, lane):
    await account.sees("a")
    assert await lane.claim(at=-1) == ()
    assert (await lane.turn(at=-1)).next_due == utc_text(NOW)


async def test_a_lane_claims_no_more_than_it_has_room_for_oldest_first(account, lane):
    for n in range(5):
        await account.sees(f"job-{n}")
    assert [c.id for c in await lane.claim(room=2)] == ["msg-job-0-1-ops", "msg-job-1-1-ops"]
    assert await lane.claim(room=0) == ()
    assert len(await lane.claim()) == 3


async def test_a_lane_claims_only_what_is_its_own(store, account, lane):
    await account.sees("a", to=("dev",))
    assert await lane.claim() == ()
    assert len(await Lane(store, "dev").claim()) == 1


async def test_a_claim_is_a_lease_and_after_it_another_may_try(account, lane, other_lane):
    await account.sees("a")
    await lane.claim()
    assert await other_lane.claim(at=29.9) == ()
    (again,) = await other_lane.claim(at=30)
    assert again.attempt == 2


async def test_a_lane_never_claims_what_it_holds_itself(account, lane):
    await account.sees("a")
    await lane.claim()
    assert await lane.claim(at=3600) == ()


async def test_a_success_ends_a_delivery(account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    turn = await lane.turn(delivered(claimed), at=3600)
    assert (turn.claimed, turn.next_due, await lane.state(claimed.id)) == ((), None, "delivered")


async def test_a_failure_makes_it_due_again_when_it_says(account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    turn = await lane.turn(failed(claimed, again=5), at=1)
    assert (turn.claimed, turn.next_due) == ((), utc_text(NOW + 5))
    (again,) = await lane.claim(at=5)
    assert (again.attempt, again.failures) == (2, 1)


async def test_a_failure_that_was_the_last_makes_it_dead_with_its_reason(store, account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    assert (await lane.turn(failed(claimed), at=3600)).claimed == ()
    (row,) = await store.rows("deliveries")
    assert (row["state"], row["reason"], row["attempts"]) == ("dead", "HTTP 500", 1)


@pytest.mark.parametrize("again", [5, None], ids=["again", "dead"])
async def test_a_late_failure_of_an_old_lease_says_nothing(account, lane, other_lane, again):
    await account.sees("a")
    (old,) = await lane.claim()
    (new,) = await other_lane.claim(at=30)
    turn = await lane.turn(failed(old, again=again), at=31)
    assert (turn.next_due, await lane.state(old.id)) == (utc_text(NOW + 60), "waiting")
    await lane.turn(delivered(new), at=32)
    await lane.turn(failed(old, again=again), at=33)
    assert await lane.state(old.id) == "delivered"


@pytest.mark.parametrize("later", [None, 5], ids=["dead", "due again"])
async def test_a_success_always_wins_however_late_it_comes(store, account, lane, other_lane, later):
    await account.sees("a")
    (old,) = await lane.claim()
    (new,) = await other_lane.claim(at=30)
    await lane.turn(failed(new, again=later), at=31)
    await lane.turn(delivered(old), at=32)
    (row,) = await store.rows("deliveries")
    assert (row["state"], row["reason"]) == ("delivered", None)
    assert await lane.claim(at=7200) == ()
    assert (await store.audit()).amiss == ()


async def test_single_events_of_a_job_wait_for_the_earlier_ones_to_end(account, lane):
    for status in ("RUNNING", "COMPLETED"):
        await account.sees("a", status)
    await account.sees("b")
    first, other = await lane.claim()
    assert (first.id, other.id) == ("msg-a-1-ops", "msg-b-1-ops")
    assert (await lane.turn(failed(first, again=20))).claimed == ()
    (first,) = await lane.claim(at=20)
    assert first.id == "msg-a-1-ops"


@pytest.mark.parametrize("end", [delivered, failed], ids=["delivered", "dead"])
async def test_when_one_has_ended_the_next_of_its_job_is_claimed_in_the_same_turn(account, lane, end):
    for status in ("RUNNING", "COMPLETED"):
        await account.sees("a", status)
    (first,) = await lane.claim()
    (second,) = (await lane.turn(end(first))).claimed
    assert second.id == "msg-a-2-ops"


async def test_order_holds_per_destination(store, account, lane):
    for status in ("RUNNING", "COMPLETED"):
        await account.sees("a", status, to=("ops", "dev"))
    (first,) = await Lane(store, "dev").claim()
    await Lane(store, "dev").turn(delivered(first))
    assert [c.id for c in await lane.claim()] == ["msg-a-1-ops"]


async def test_what_was_claimed_but_never_sent_counts_no_attempt(store, account, lane):
    await account.sees("a")
    claimed = await lane.claim()
    await store.give_back(unsent=claimed, now=NOW + 1)
    (again,) = await lane.claim(at=1)
    assert again.attempt == 1


async def test_a_lease_that_is_no_longer_ours_is_not_given_back(store, account, lane, other_lane):
    await account.sees("a")
    old = await lane.claim()
    await other_lane.claim(at=30)
    await store.give_back(unsent=old, now=NOW + 31)
    assert await lane.claim(at=31) == ()


async def test_what_is_given_back_in_a_turn_is_claimed_anew_in_the_same(account, lane):
    await account.sees("a")
    unsent = await lane.claim()
    (again,) = (await lane.turn(unsent=unsent)).claimed
    assert again.attempt == 1


async def test_at_a_start_all_leases_end_and_their_attempts_stay_counted(store, account, lane):
    await account.sees("a")
    await lane.claim()
    await store.end_leases(now=NOW + 1)
    (again,) = await lane.claim(at=1)
    assert again.attempt == 2


async def test_the_end_of_leases_touches_nothing_that_waits_for_its_time(store, account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed, again=600))
    await store.end_leases(now=NOW + 1)
    assert await lane.claim(at=599) == ()


async def test_a_dead_delivery_that_is_retried_has_all_its_time_again(store, account, lane):
    (delivery,) = await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed))
    assert (
        await store.retry(give_up_at=dict.fromkeys([delivery, "msg-unknown"], NOW + 9999), now=NOW + 60) == 1
    )
    (again,) = await lane.claim(at=60)
    assert (again.id, again.attempt, again.failures, again.give_up_at) == (
        delivery,
        2,
        0,
        utc_text(NOW + 9999),
    )


@pytest.mark.parametrize("end", [(), (delivered,)], ids=["waiting", "delivered"])
async def test_only_the_dead_are_retried(store, account, lane, end):
    (delivery,) = await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(*(how(claimed) for how in end))
    before = await store.rows("deliveries")
    assert await store.retry(give_up_at=dict.fromkeys([delivery], NOW), now=NOW) == 0
    assert await store.rows("deliveries") == before


async def test_what_another_process_changes_shows_in_the_version(place, store, account, lane):
    (delivery,) = await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed))
    before = await store.version()
    assert await store.version() == before
    other = place.open()
    await other.retry(give_up_at=dict.fromkeys([delivery], NOW + 1), now=NOW)
    await other.close()
    assert await store.version() != before
    assert len(await lane.claim()) == 1


async def test_the_newest_delivery_goes_when_it_is_old_and_its_number_is_not_used_again(store, account, lane):
    await account.sees("a", "COMPLETED")
    await lane.turn(*map(delivered, await lane.claim()), room=0)
    await account.sees("quiet", to=(), at=9 * 86400)
    await account.is_whole(mark="2026-11-30T00:00:00.000000Z")
    before = "2026-09-30T00:00:00.000000Z"
    await store.pruning_begins(before=before)
    assert (await store.prune_jobs(source=account.id, before=before)).jobs == 1
    assert await store.rows("deliveries") == []
    await account.sees("b")
    assert [row["seq"] for row in await store.rows("deliveries")] == [2]
