"""What someone asks for by hand: again, after all, and no more; in any store."""

import pytest
from bookkeeping import NOW, a_delivery, a_group, delivered, failed

from relay.model import utc_text
from relay.store import Replay
from relay.store.mend import DROPPED

END = NOW + 9999


async def seqs(store, **fits):
    return [seq for seq, *_ in await store.chosen(states=["waiting"], **fits)]


async def replayed(store, event_id, to="ops", *, rule="all", replay=False, **owed):
    """One event is owed to a destination after all; how many deliveries that made."""
    (stored,) = await store.stored(ids=[event_id], limit=9)
    delivery = a_delivery(f"msg-again-{to}", to, at=60, replay=replay, rule=rule, **owed)
    one = Replay(event=stored.seq, source=stored.source, job_id=stored.job_id, delivery=delivery)
    return await store.replay(replays=[one], now=NOW + 60)


# --- dropping


async def ids(store):
    return [row["id"] for row in await store.rows("deliveries")]


async def test_what_waits_can_be_dropped_and_the_ledger_says_so(store, account, lane):
    (delivery,) = await account.sees("a")
    assert await store.drop(ids=await ids(store), now=NOW + 5) == 1
    (row,) = await store.rows("deliveries")
    assert (row["id"], row["state"], row["reason"]) == (delivery, "dead", DROPPED)
    assert await lane.claim(at=10) == ()
    ledger = await store.audit()
    assert (ledger.amiss, ledger.owed) == ((), {"dead": 1})


async def test_only_what_waits_is_dropped(store, account, lane):
    await account.sees("a")
    chosen = await ids(store)
    await lane.turn(*map(delivered, await lane.claim()), room=0)
    assert await store.drop(ids=chosen, now=NOW + 5) == 0


async def test_what_is_dropped_lets_the_next_event_of_its_job_pass(store, account, lane):
    (first,) = await account.sees("a")
    (second,) = await account.sees("a", "FAILED")
    await store.drop(ids=[first], now=NOW + 5)
    assert [c.id for c in await lane.claim(at=6)] == [second]


async def test_what_is_dropped_while_it_is_sent_and_arrives_is_delivered(store, account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    await store.drop(ids=await ids(store), now=NOW + 1)
    await lane.turn(delivered(claimed), at=2)
    assert await lane.state(claimed.id) == "delivered"
    assert (await store.audit()).amiss == ()


async def test_what_is_dropped_can_be_retried(store, account, lane):
    (delivery,) = await account.sees("a")
    await store.drop(ids=await ids(store), now=NOW + 1)
    assert await store.retry(give_up_at={delivery: END}, now=NOW + 2) == 1
    assert len(await lane.claim(at=2)) == 1


async def test_deliveries_are_chosen_by_all_that_is_said(store, account):
    await account.sees("a", to=("ops", "dev"))
    await account.sees("b", at=100)
    assert len(await seqs(store)) == 3
    assert len(await seqs(store, destination="ops")) == 2
    assert len(await seqs(store, destination="ops", rule="all", since=utc_text(NOW + 50))) == 1
    assert await seqs(store, rule="other") == []
    assert len(await seqs(store, ids=["msg-a-1-dev", "msg-none"])) == 1


# --- exactly the same once more


@pytest.mark.parametrize("end", [delivered, failed], ids=["delivered", "dead"])
async def test_a_delivery_is_repeated_whatever_became_of_it(store, account, lane, end):
    (delivery,) = await account.sees("a", group=a_group(wait=0.0))
    (claimed,) = await lane.claim()
    await lane.turn(end(claimed), room=0)
    await account.sees("b", group=a_group(wait=0.0, interval=0.0), at=30)
    assert await store.repeat(give_up_at={delivery: END}, now=NOW + 60) == 1
    again = {c.id: c for c in await lane.claim(at=60)}[delivery]
    assert (again.message, again.failures, again.give_up_at) == (claimed.message, 0, utc_text(END))
    await lane.turn(delivered(again), at=61, room=0)
    assert (await store.audit()).amiss == ()


async def test_what_was_superseded_is_sent_after_all(store, account, lane):
    (delivery,) = await account.sees("a", "FAILED", settle=30)
    await account.sees("a", "COMPLETED", to=(), at=20)
    assert await lane.claim(at=30) == ()
    await store.repeat(give_up_at={delivery: END}, now=NOW + 40)
    assert [c.id for c in await lane.claim(at=40)] == [delivery]


async def test_what_is_being_sent_is_not_repeated(store, account, lane):
    (delivery,) = await account.sees("a")
    await lane.claim()
    assert await store.repeat(give_up_at={delivery: END}, now=NOW + 1) == 0


async def test_what_waits_for_its_time_is_repeated_at_once(store, account, lane):
    (delivery,) = await account.sees("a")
    (claimed,) = await lane.claim()
    await lane.turn(failed(claimed, again=3600), room=0)
    assert await store.repeat(give_up_at={delivery: END}, now=NOW + 1) == 1
    assert [c.id for c in await lane.claim(at=1)] == [delivery]


# --- as a new message


async def test_an_event_is_sent_once_more_as_a_new_message(store, account, lane):
    (old,) = await account.sees("a")
    await lane.turn(*map(delivered, await lane.claim()), room=0)
    assert await replayed(store, "evt-a-1", replay=True) == 1
    (new,) = await lane.claim(at=60)
    assert (new.id != old, new.message.events[0].id) == (True, "evt-a-1")
    ledger = await store.audit()
    assert (ledger.amiss, ledger.owed, ledger.replayed) == ((), {"delivered": 1}, 1)


async def test_a_replay_may_go_where_no_rule_sent_the_event(store, account, lane):
    await account.sees("a", to=())
    assert await replayed(store, "evt-a-1", rule="replay", replay=True) == 1
    assert len(await lane.claim(at=60)) == 1
    ledger = await store.audit()
    assert (ledger.amiss, ledger.unmatched, ledger.owed) == ((), 1, {})


async def test_a_replay_waits_for_no_event_of_its_job_and_none_for_it(store, account, lane):
    await account.sees("a")
    await replayed(store, "evt-a-1", replay=True)
    await account.sees("b", at=60)
    assert len(await lane.claim(at=60)) == 3


# --- what a later rule would have sent


async def test_what_a_later_rule_sends_is_in_the_ledger_as_if_it_had_been_there(store, account, lane):
    await account.sees("a", to=())
    assert await replayed(store, "evt-a-1", rule="later") == 1
    (event,) = await store.rows("events")
    assert event["rules"] == '{"later":["ops"]}'
    ledger = await store.audit()
    assert (ledger.amiss, ledger.matched, ledger.owed) == ((), 1, {"waiting": 1})
    assert len(await lane.claim(at=60)) == 1


async def test_a_destination_is_added_to_a_rule_that_took_the_event(store, account):
    await account.sees("a")
    assert await replayed(store, "evt-a-1", "dev") == 1
    assert (await store.rows("events"))[0]["rules"] == '{"all":["ops","dev"]}'
    assert (await store.audit()).amiss == ()


async def test_what_a_destination_has_is_not_sent_again_for_a_rule(store, account):
    await account.sees("a")
    assert await replayed(store, "evt-a-1", rule="later") == 0
    assert len(await store.rows("deliveries")) == 1
    assert (await store.audit()).amiss == ()


async def test_what_a_later_rule_sends_goes_in_its_groups(store, account, lane):
    for job in ("a", "b"):
        await account.sees(job, to=())
        await replayed(store, f"evt-{job}-1", rule="later", group=a_group())
    (claimed,) = await lane.claim(at=70)
    assert [event.data.job_id for event in claimed.message.events] == ["a", "b"]


async def test_events_are_read_in_the_stores_order_with_who_has_them(store, account):
    for n, to in enumerate([("ops",), ("ops", "dev"), ()]):
        await account.sees(f"job-{n}", to=to, at=n * 10)
    found = await store.stored(since=utc_text(NOW + 10), limit=9)
    assert [(s.event.data.job_id, s.had) for s in found] == [("job-1", {"ops", "dev"}), ("job-2", set())]
    assert len(await store.stored(since="", after=found[0].seq, limit=9)) == 1
    assert await store.stored(ids=["evt-none"], limit=9) == []
