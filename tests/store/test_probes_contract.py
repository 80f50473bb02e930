"""Which delivery goes as a probe to a destination that is down; in any store."""

from bookkeeping import NOW, a_group, delivered, failed

from relay.model import utc_text

GROUP = a_group()


async def one_of_a_group_that_waits(account, lane, *, until):
    """Tried once, and due again so late; another of its group is due long before."""
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await lane.turn(failed(first, again=until), at=11, room=0)
    await account.sees("b", at=20, group=GROUP)
    return first.id


async def test_the_least_tried_goes_first(account, lane):
    for n in range(3):
        await account.sees(f"job-{n}")
    first, *_ = await lane.claim(room=1)
    await lane.turn(failed(first, again=1), at=1, room=0)
    (probe,) = await lane.claim(at=2, probe=True)
    assert probe.id != first.id


async def test_instead_of_a_groups_next_message_the_one_before_goes_ahead_of_its_time(account, lane):
    first = await one_of_a_group_that_waits(account, lane, until=2000)
    (probe,) = await lane.claim(at=100, probe=True)
    assert (probe.id, probe.attempt, probe.ahead_of) == (first, 2, utc_text(NOW + 2000))
    await account.sees("c", at=101, group=GROUP)
    (second,) = await lane.claim(at=200)
    assert [event.data.job_id for event in second.message.events] == ["b", "c"], "it went on collecting"


async def test_a_probe_ahead_of_its_time_that_fails_or_is_not_sent_is_due_when_it_was(store, account, lane):
    first = await one_of_a_group_that_waits(account, lane, until=2000)
    (probe,) = await lane.claim(at=100, probe=True)
    await lane.turn(failed(probe, again=2000), at=101, room=0)
    again = await lane.claim(at=200, probe=True)
    await lane.turn(unsent=again, at=201, room=0)
    (row,) = await store.rows("deliveries", id=first)
    assert (row["due_at"], row["attempts"]) == (utc_text(NOW + 2000), 2)
    due = [one for one in await lane.claim(at=2000) if one.id == first]
    assert [one.failures for one in due] == [1]


async def test_after_an_hour_the_next_of_a_group_goes_all_the_same(account, lane):
    first = await one_of_a_group_that_waits(account, lane, until=9000)
    (probe,) = await lane.claim(at=3600, probe=True)
    assert probe.id == first
    await lane.turn(failed(probe, again=9000), at=3601, room=0)
    (probe,) = await lane.claim(at=3700, probe=True)
    assert (probe.id == first, probe.ahead_of) == (False, None)


async def test_one_that_has_ended_stands_in_for_nobody(account, lane):
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await lane.turn(failed(first), at=11, room=0)
    await account.sees("b", at=20, group=GROUP)
    (probe,) = await lane.claim(at=100, probe=True)
    assert probe.id != first.id


async def test_two_of_a_group_that_were_never_claimed_stand_in_for_nobody(store, account, lane):
    """As after a rule was renamed to one that has the same groups."""
    await account.sees("a", group=GROUP, rule="old")
    await account.sees("b", group=GROUP)
    await store.change(renamed_rules={"all": "old"})
    (probe,) = await lane.claim(at=100, probe=True)
    assert probe.ahead_of is None


async def test_single_ones_are_claimed_together_whatever_was_tried_before(account, lane):
    await account.sees("a")
    (first,) = await lane.claim()
    await lane.turn(failed(first, again=5), at=1, room=0)
    await account.sees("b", at=2)
    assert len(await lane.claim(at=5)) == 2


async def test_two_of_a_group_are_not_claimed_at_once(account, lane):
    first = await one_of_a_group_that_waits(account, lane, until=300)
    (claimed,) = await lane.claim(at=300)
    assert claimed.id == first
    assert await lane.claim(at=300) == (), "nor while it is being sent"
    await lane.turn(delivered(claimed), at=301, room=0)
    assert await lane.claim(at=360) == ()
    assert len(await lane.claim(at=361)) == 1
