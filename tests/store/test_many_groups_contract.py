"""A field in which each event differs: no message is made of each; in any store."""

from bookkeeping import NOW, Lane, a_group, a_job, an_event, delivered

from relay.store import Changes
from relay.store.events import BEYOND, MOST_OPEN


def of_key(n):
    return a_group(f'{{"error":"e{n}"}}')


async def happen(store, account, numbers, **owed):
    events = [an_event(a_job(f"job-{n}", "FAILED"), group=of_key(n), **owed) for n in numbers]
    await store.ingest(
        source=account.id, keys=[], decide=lambda *_: Changes(events=events), baseline=None, now=NOW
    )


async def counts(lane, at=10):
    """How many events each message has that is due, by what they have in common."""
    found = {}
    while claimed := await lane.claim(at=at, room=500):
        found |= {tuple(one.message.group.items()): one.message.count for one in claimed}
    return found


async def test_beyond_a_thousand_that_collect_all_others_are_one_which_says_so(store, account, lane):
    await happen(store, account, range(MOST_OPEN + 300))
    found = await counts(lane)
    assert len(found) == MOST_OPEN + 1
    assert found[("error", None), ("groups", BEYOND)] == 300
    assert sum(found.values()) == MOST_OPEN + 300
    assert (await store.audit()).amiss == ()


async def test_a_group_that_collects_already_goes_on_to(store, account, lane):
    await happen(store, account, range(MOST_OPEN + 1))
    await account.sees("late", "FAILED", group=of_key(7))
    assert (await counts(lane))[(("error", "e7"),)] == 2


async def test_once_they_are_sent_others_collect_by_themselves(store, account, lane):
    await happen(store, account, range(MOST_OPEN + 1))
    await counts(lane)
    await account.sees("late", "FAILED", at=20, group=of_key(5000))
    assert await counts(lane, at=100) == {(("error", "e5000"),): 1}


async def test_one_rules_groups_are_not_those_of_another_nor_of_another_destination(store, account, lane):
    await happen(store, account, range(MOST_OPEN))
    await account.sees("other", "FAILED", group=of_key(9000), rule="other")
    await account.sees("there", "FAILED", group=of_key(9000), to=("dev",))
    assert (("error", "e9000"),) in await counts(lane)
    assert (("error", "e9000"),) in await counts(Lane(store, "dev"))


async def test_one_message_for_a_rule_is_made_however_many_groups_there_are(store, account, lane):
    await happen(store, account, range(MOST_OPEN))
    await account.sees("other", "FAILED", group=a_group("{}"))
    assert () in await counts(lane)


async def test_very_many_events_of_very_many_groups_end_delivered(store, account, lane):
    await happen(store, account, range(3 * MOST_OPEN))
    while claimed := await lane.claim(at=10, room=500):
        await lane.turn(*map(delivered, claimed), at=10, room=0)
    assert (await store.audit()).deliveries == {"delivered": MOST_OPEN + 1}
