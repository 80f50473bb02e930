"""Groups: who joins which message, when it goes, and what it carries; in any store."""

import msgspec
from bookkeeping import NOW, a_group, delivered, failed

from relay.message import SHOWN, Tally
from relay.model import utc_text

GROUP = a_group()


def jobs_of(claimed):
    return [event.data.job_id for event in claimed.message.events]


async def test_events_of_a_group_go_as_one_message_some_time_after_the_first(account, lane):
    for n in range(3):
        await account.sees(f"job-{n}", at=n, group=GROUP)
    assert await lane.claim(at=9.9) == ()
    (claimed,) = await lane.claim(at=10)
    assert jobs_of(claimed) == ["job-0", "job-1", "job-2"]
    assert claimed.message.group == {}
    assert (claimed.message.count, claimed.message.first, claimed.message.last) == (
        3,
        utc_text(NOW),
        utc_text(NOW + 2),
    )


async def test_an_event_by_itself_is_no_group(account, lane):
    await account.sees("a")
    (claimed,) = await lane.claim()
    assert (claimed.message.group, claimed.message.count) == (None, 1)


async def test_each_key_has_a_message_of_its_own(account, lane):
    for n in range(4):
        await account.sees(f"job-{n}", group=a_group(f'{{"source":"s{n % 2}"}}'))
    claimed = await lane.claim(at=10)
    assert [(c.message.group, jobs_of(c)) for c in claimed] == [
        ({"source": "s0"}, ["job-0", "job-2"]),
        ({"source": "s1"}, ["job-1", "job-3"]),
    ]


async def test_a_group_says_its_next_time_to_the_lane(account, lane):
    await account.sees("a", group=GROUP)
    assert (await lane.turn()).next_due == utc_text(NOW + 10)


async def test_nothing_joins_a_message_once_it_was_claimed(account, lane):
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await account.sees("b", at=11, group=GROUP)
    await lane.turn(failed(first, again=15), at=11)
    (again,) = await lane.claim(at=20)
    assert (again.id, jobs_of(again)) == (first.id, ["a"])
    (second,) = await lane.claim(at=70)
    assert jobs_of(second) == ["b"]


async def test_nothing_joins_a_message_that_was_claimed_and_given_back(account, lane):
    await account.sees("a", group=GROUP)
    claimed = await lane.claim(at=10)
    await lane.turn(unsent=claimed, at=11, room=0)
    await account.sees("b", at=12, group=GROUP)
    assert [jobs_of(c) for c in await lane.claim(at=12)] == [["a"]]


async def test_messages_of_a_group_keep_their_distance(account, lane):
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await lane.turn(delivered(first), at=11)
    for n in range(3):
        await account.sees(f"b-{n}", at=20 + n, group=GROUP)
    assert await lane.claim(at=69.9) == ()
    (second,) = await lane.claim(at=70)
    assert len(jobs_of(second)) == 3


async def test_a_lease_holds_no_other_message_of_its_group_back(account, lane):
    """The distance is from one that is sent to the next: no lease counts, nor a wait for another try."""
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await lane.turn(failed(first, again=3000), at=12)
    await account.sees("b", at=15, group=GROUP)
    (second,) = await lane.claim(at=70)
    assert jobs_of(second) == ["b"]


async def test_one_that_fails_again_and_again_holds_the_next_of_its_group_back_no_longer(account, lane):
    await account.sees("a", group=GROUP)
    (tried,) = await lane.claim(at=10)
    await account.sees("b", at=15, group=GROUP)
    for at in (20, 30, 40, 50, 60):
        await lane.turn(failed(tried, again=at + 5), at=at, room=0)
        (tried,) = await lane.claim(at=at + 5)
    turn = await lane.turn(failed(tried, again=75), at=70)
    assert [jobs_of(c) for c in turn.claimed] == [["b"]]


async def test_the_next_of_a_group_goes_its_interval_after_one_that_arrives_at_last(account, lane):
    await account.sees("a", group=GROUP)
    (first,) = await lane.claim(at=10)
    await lane.turn(failed(first, again=65), at=12)
    await account.sees("b", at=15, group=GROUP)
    (again,) = await lane.claim(at=68)
    assert again.id == first.id
    await lane.turn(delivered(again), at=75)
    assert await lane.claim(at=134) == ()
    assert [jobs_of(c) for c in await lane.claim(at=135)] == [["b"]]


async def test_after_one_that_went_late_the_next_of_a_group_keeps_its_distance(account, lane):
    await account.sees("a", group=GROUP)
    await lane.turn(*map(delivered, await lane.claim(at=1000)), at=1001)
    await account.sees("b", at=1002, group=GROUP)
    assert await lane.claim(at=1059) == ()
    assert len(await lane.claim(at=1060)) == 1


async def test_after_a_quiet_time_a_group_waits_only_for_its_own(account, lane):
    await account.sees("a", group=GROUP)
    await lane.claim(at=10)
    await account.sees("b", at=1000, group=GROUP)
    assert [jobs_of(c) for c in await lane.claim(at=1010)] == [["b"]]


async def test_a_clock_that_went_back_parks_no_group(account, lane):
    await account.sees("a", at=3600, group=GROUP)
    sent = await lane.claim(at=3610)
    await account.sees("b", at=0, group=GROUP)
    await lane.turn(*map(delivered, sent), at=1, room=0)
    assert [jobs_of(c) for c in await lane.claim(at=60)] == [["b"]]


async def test_a_group_is_as_severe_as_its_worst_event(account, lane):
    for n, severity in enumerate(("info", "error", "warning")):
        await account.sees(f"job-{n}", group=GROUP, severity=severity)
    (claimed,) = await lane.claim(at=10)
    assert claimed.message.severity == "error"


async def test_a_group_counts_its_events_by_kind(account, lane):
    for n in range(7):
        await account.sees(f"job-{n}", "FAILED", group=GROUP, error_kind=f"E{n % 2}")
    await account.sees("well", "COMPLETED", group=GROUP)
    (claimed,) = await lane.claim(at=10)
    assert claimed.message.tallies == (
        Tally(4, "parse.failed", "E0"),
        Tally(3, "parse.failed", "E1"),
        Tally(1, "parse.completed"),
    )


async def test_a_large_group_shows_the_first_and_counts_all(account, lane):
    for n in range(SHOWN + 50):
        await account.sees(f"job-{n}", "FAILED", at=n / 100, group=GROUP, error_kind=f"E{n % 3}")
    (claimed,) = await lane.claim(at=10, tables=True)
    message = claimed.message
    assert jobs_of(claimed) == [f"job-{n}" for n in range(SHOWN)]
    assert [entry.job_id for entry in message.rest] == [f"job-{n}" for n in range(SHOWN, SHOWN + 50)]
    assert (message.count, sum(tally.count for tally in message.tallies)) == (SHOWN + 50, SHOWN + 50)
    assert (message.first, message.last) == (utc_text(NOW), utc_text(NOW + (SHOWN + 49) / 100))


async def test_of_very_many_kinds_the_rarer_ones_are_counted_together(account, lane):
    for n in range(250):
        kind = None if n < 30 else f"E{n}" if n < 240 else "E240"
        status = "FAILED" if kind else "COMPLETED"
        await account.sees(f"job-{n}", status, at=n / 100, group=GROUP, error_kind=kind)
    (claimed,) = await lane.claim(at=10)
    tallies = claimed.message.tallies
    assert tallies[:2] == (Tally(30, "parse.completed"), Tally(10, "parse.failed", "E240"))
    assert tallies[100:] == (Tally(112, "parse.failed", kinds=112),)
    assert sum(tally.count for tally in tallies) == 250


async def test_the_rows_of_a_large_group_are_read_only_where_they_are_wanted(account, lane):
    for n in range(SHOWN + 1):
        await account.sees(f"job-{n}", group=GROUP)
    (claimed,) = await lane.claim(at=10)
    assert (claimed.message.count, claimed.message.rest) == (SHOWN + 1, ())


async def test_the_ledger_is_sound_with_groups(store, account, lane):
    for n in range(5):
        await account.sees(f"job-{n}", to=("ops", "dev"), group=GROUP)
    await lane.turn(*map(delivered, await lane.claim(at=10)), at=11)
    ledger = await store.audit()
    assert (ledger.amiss, ledger.deliveries) == ((), {"delivered": 1, "waiting": 1})


async def test_grouped_deliveries_wait_for_nothing(account, lane):
    await account.sees("a")
    await account.sees("a", "FAILED", group=a_group(wait=0.0))
    assert len(await lane.claim()) == 2


# --- settling


async def test_an_event_that_settles_is_held_back_and_then_sent(account, lane):
    await account.sees("a", "FAILED", settle=30)
    turn = await lane.turn(at=29)
    assert (turn.claimed, turn.next_due) == ((), utc_text(NOW + 30))
    assert [jobs_of(c) for c in await lane.claim(at=30)] == [["a"]]


async def test_an_event_whose_job_turned_out_well_meanwhile_is_superseded(store, account, lane):
    (delivery,) = await account.sees("a", "FAILED", settle=30)
    await account.sees("a", "COMPLETED", to=(), at=20)
    assert await lane.claim(at=30) == ()
    assert await lane.state(delivery) == "superseded"
    assert (await store.audit()).amiss == ()


async def test_an_event_that_tells_of_the_good_end_is_not_superseded_by_it(account, lane):
    await account.sees("a", "COMPLETED", settle=30)
    assert len(await lane.claim(at=30)) == 1


async def test_an_event_of_a_job_that_failed_again_is_sent(account, lane):
    await account.sees("a", "FAILED", settle=30)
    await account.sees("a", "RUNNING", to=(), at=10)
    assert len(await lane.claim(at=30)) == 1


async def test_the_next_event_of_a_job_waits_for_the_one_that_settles(account, lane):
    await account.sees("a", "FAILED", settle=30)
    await account.sees("a", "COMPLETED", at=10)
    assert await lane.claim(at=10) == ()
    (claimed,) = await lane.claim(at=30)
    assert claimed.message.events[0].data.status == "COMPLETED"


async def test_an_event_with_a_time_to_settle_joins_its_group_after_it(store, account, lane):
    for job in ("a", "b", "c"):
        await account.sees(job, "FAILED", settle=30, group=GROUP)
    await account.sees("b", "COMPLETED", to=(), at=20)
    turn = await lane.turn(at=30)
    assert (turn.claimed, turn.next_due) == ((), utc_text(NOW + 40))
    (claimed,) = await lane.claim(at=40)
    assert jobs_of(claimed) == ["a", "c"]
    ledger = await store.audit()
    assert (ledger.amiss, ledger.deliveries) == ((), {"superseded": 1, "waiting": 1})


async def test_very_many_settle_in_more_than_one_transaction(account, lane):
    for n in range(600):
        await account.sees(f"job-{n}", "FAILED", settle=30, group=GROUP)
    assert (await lane.turn(at=30)).next_due == utc_text(NOW + 30)
    assert (await lane.turn(at=30)).next_due == utc_text(NOW + 40)
    (claimed,) = await lane.claim(at=40)
    assert claimed.message.count == 600


async def test_the_number_of_a_delivery_that_went_into_its_group_is_not_used_again(store, account, lane):
    """Whoever follows the list by these numbers has seen it."""
    await account.sees("a", group=GROUP)
    await account.sees("b", "FAILED", settle=5, group=GROUP)
    (newest, *_) = await store.rows("deliveries")
    await lane.turn(at=5)
    await account.sees("c", at=6)
    assert [row["job_id"] for row in await store.rows("deliveries", after=newest["seq"])] == ["c"]


# --- content


async def test_what_the_templates_say_is_kept_from_the_first_attempt_on(store, account, lane):
    await account.sees("a")
    (first,) = await lane.claim()
    await store.keep_words(messages=[msgspec.structs.replace(first.message, title="a!")])
    await lane.turn(failed(first, again=5), at=1)
    (again,) = await lane.claim(at=6)
    assert (first.is_new, again.is_new, again.message.title, again.message.body) == (True, False, "a!", None)


async def test_a_message_is_new_until_it_was_sent(store, account, lane):
    await account.sees("a")
    first = await lane.claim()
    await lane.turn(unsent=first, at=1, room=0)
    (given_back,) = await lane.claim(at=1)
    await store.begin(now=NOW + 2)
    (lost,) = await lane.claim(at=2)
    await lane.turn(failed(lost, again=5), at=3)
    (failed_once,) = await lane.claim(at=5)
    assert [one.is_new for one in (*first, given_back, lost, failed_once)] == [True, True, True, False]


async def test_a_failed_attempt_can_leave_word_for_the_next(account, lane):
    await account.sees("a")
    (first,) = await lane.claim()
    await lane.turn(failed(first, again=5, place='["b@example.com"]'), at=1)
    (again,) = await lane.claim(at=6)
    assert (first.message.place, again.message.place) == (None, '["b@example.com"]')
