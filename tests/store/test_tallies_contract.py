"""What is counted is what the tables say, whatever way a delivery ends; in any store."""

from collections import Counter

import msgspec
import pytest
from bookkeeping import NOW, a_delivery, delivered, failed, news

from relay.store import Edge, Replay
from relay.store.outbox import LOST_FOR_GOOD

END = NOW + 9999


async def tables_say(store):
    """The same counts, of rows."""
    events = await store.rows("events", limit=1000)
    deliveries = await store.rows("deliveries", limit=1000)
    rules = [msgspec.json.decode(event["rules"]) for event in events]
    counts = {
        "event": Counter(event["type"] for event in events),
        "rule": Counter(rule for matched in rules for rule in matched),
        "delivery": Counter(
            f"{row['destination']}/{row['state']}" for row in deliveries if row["state"] != "waiting"
        ),
    }
    return {what: dict(names) for what, names in counts.items() if names}


async def counted(store):
    """Ever; and the same by hour and by minute."""
    ever = {what: dict(names) for what, names in (await store.summary()).ever.items()}
    for span in ("hour", "minute"):
        for what, names in ever.items():
            found = Counter()
            for _, name, n in await store.series(what=what, span=span, since=""):
                found[name] += n
            assert found == names, span
    return ever


async def arrives(store, account, lane):
    await lane.turn(*map(delivered, await lane.claim(at=1)), room=0, at=2)


async def is_refused_for_good(store, account, lane):
    await lane.turn(*map(failed, await lane.claim(at=1)), room=0, at=2)


async def fails_for_now(store, account, lane):
    (claimed,) = await lane.claim(at=1)
    await lane.turn(failed(claimed, again=60), room=0, at=2)


async def ends_relay_each_time(store, account, lane):
    for n in range(LOST_FOR_GOOD):
        await lane.claim(at=10 * n + 1)
        await store.begin(now=NOW + 10 * n + 2)
    assert await lane.claim(at=100) == ()


async def is_dropped(store, account, lane):
    ids = [row["id"] for row in await store.rows("deliveries")]
    assert await store.drop(ids=ids, now=NOW + 5) == 1
    assert await store.drop(ids=ids, now=NOW + 6) == 0


async def leaves_the_configuration(store, account, lane):
    (overdue,) = await store.overdue(destinations=["dev"], rules=["all"], now=END)

    def dead(why):
        return Edge(what="dead", reason=why, event=lambda nth: news("dead", nth))

    assert await store.give_up(overdue=overdue, dead=dead, now=END) == 1


async def is_of_a_job_that_turned_out_well(store, account, lane):
    await account.sees("b", "FAILED", settle=30, at=1)
    await account.sees("b", "COMPLETED", to=(), at=20)
    await lane.claim(at=40)


@pytest.mark.parametrize(
    "ends",
    [
        arrives,
        is_refused_for_good,
        fails_for_now,
        ends_relay_each_time,
        is_dropped,
        leaves_the_configuration,
        is_of_a_job_that_turned_out_well,
    ],
)
async def test_the_counts_are_right_where_a_delivery(store, account, lane, ends):
    await account.sees("a", "FAILED")
    await ends(store, account, lane)
    assert await counted(store) == await tables_say(store)


async def test_what_a_later_rule_takes_is_counted_as_its_match(store, account, lane):
    for job in ("a", "b"):
        await account.sees(job, to=())
        (stored,) = await store.stored(ids=[f"evt-{job}-1"], limit=9)
        owed = [a_delivery(f"msg-{job}-{to}", to, rule="later") for to in ("ops", "dev")]
        replays = [
            Replay(event=stored.seq, source=stored.source, job_id=stored.job_id, delivery=delivery)
            for delivery in owed
        ]
        assert await store.replay(replays=replays, now=NOW + 60) == 2
    assert (await counted(store))["rule"] == {"later": 2}
    assert await counted(store) == await tables_say(store)


async def test_what_is_sent_again_ends_again(store, account, lane):
    (delivery,) = await account.sees("a")
    await is_refused_for_good(store, account, lane)
    assert await store.retry(give_up_at={delivery: END}, now=NOW + 5) == 1
    await lane.turn(*map(delivered, await lane.claim(at=6)), room=0, at=7)
    assert await store.repeat(give_up_at={delivery: END}, now=NOW + 8) == 1
    await lane.turn(*map(delivered, await lane.claim(at=9)), room=0, at=10)
    assert (await counted(store))["delivery"] == {"ops/dead": 1, "ops/delivered": 2}


async def test_what_is_old_goes_and_was_counted(store, account, lane):
    await account.sees("a", "COMPLETED")
    await arrives(store, account, lane)
    before = await counted(store)
    await account.is_whole(mark="2026-11-30T00:00:00.000000Z")
    await account.sees("b", at=86400 * 9)
    await store.pruning_begins(before="2026-09-30T00:00:00.000000Z")
    pruned = await store.prune_jobs(source=account.id, before="2026-09-30T00:00:00.000000Z")
    assert pruned.events == 1
    after = (await store.summary()).ever
    assert after["delivery"] == before["delivery"]
    assert after["event"] == before["event"] | {"parse.running": 1}
